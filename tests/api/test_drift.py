"""Drift of a service's tables is seen, and costs only the table that drifted."""

import json

from allentk.api import Replay
from allentk.api.cassette import Interaction, write_body, write_index
from allentk.api.drift import QUESTIONS, drift
from allentk.api.embedded import demo_folder
from allentk.api.rma import query_url
from benchmarks.live import page


def test_the_demo_answers_as_documented():
    found = drift(Replay(demo_folder()))
    known = found[found["table"] != "stimulus mappings"]
    assert (known["missing"] == "").all()
    assert (known["error"] == "").all()
    assert found["table"].tolist()[:2] == ["cells", "sweeps of 900000001"]
    assert set(found["rows"]) >= {5, 25, 40, 1}


def test_a_column_that_went_and_one_that_came_are_named(tmp_path):
    bodies: list[Interaction] = []
    for number, question in enumerate(QUESTIONS[:2]):
        answer = demo_folder() / "bodies" / f"{question.table.replace(' ', '_')}.json"
        document = json.loads(answer.read_text())
        for row in document["msg"]:
            row.pop("tau" if number else "specimen__name")
            row["brand_new"] = 1
        url = query_url(question.query)
        body = json.dumps(document).encode()
        bodies.append(write_body(tmp_path, url, body, name=f"bodies/{number}.json"))
    write_index(tmp_path, bodies, description="SYNTHETIC", synthetic=True)
    found = drift(Replay(tmp_path)).set_index("table")
    assert found.loc["cells", "missing"] == "specimen__name"
    assert found.loc["ephys features", "missing"] == "tau"
    assert "brand_new" in found.loc["ephys features", "undocumented"]
    assert "lacks tau" in found.loc["ephys features", "error"]
    assert found.loc["sessions", "rows"] == 0
    assert found.loc["sessions", "error"]
    written = page(found.reset_index(), "a test")
    assert "| cells | 5 | specimen__name |" in written
