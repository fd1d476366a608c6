"""allentk observatory metrics on a whole SYNTHETIC NWB 1 session, by the published definitions.

What the command writes is compared with the definitions' functions on the arrays that the file was made of.
"""

import numpy as np
import pandas as pd
import pytest

from allentk.responses import paper2020, warehouse
from tests import observatory_files as files

SUFFIXES = {
    "drifting_gratings": "dg",
    "static_gratings": "sg",
    "natural_scenes": "ns",
    "natural_movie_one": "nm1",
    "locally_sparse_noise": "lsn",
}


@pytest.fixture(scope="module")
def session():
    return files.made_up()


@pytest.fixture(scope="module")
def nwb(session, tmp_path_factory):
    return files.write(session, tmp_path_factory.mktemp("nwb1") / "session.nwb")


def expected(session, definition, name, **more):
    """Return the metrics of one stimulus, of the arrays."""
    kind = "natural_movie" if name.startswith("natural_movie") else name
    signal = "events"
    if definition is warehouse:
        signal = "dF/F" if kind in ("natural_movie", "locally_sparse_noise") else "F"
    if kind == "locally_sparse_noise":
        more["template"] = session.template
    if definition is paper2020 and kind != "natural_movie":
        more["spontaneous"] = session.table("spontaneous")
    return getattr(definition, kind)(
        session.traces(signal), session.table(name), running=(session.speed, session.time_s), **more
    )


def same(table, session, definition, folder, **more):
    """Hold every column of the table against those of the functions, both as a file has them."""
    seen = 2 + ("notes" in table) + ("synthetic" in table)  # cell and definition
    for name, suffix in SUFFIXES.items():
        measured = expected(session, definition, name, **more)
        measured.to_csv(folder / "alone.csv", index=False)
        alone = pd.read_csv(folder / "alone.csv").drop(columns=["cell", "notes"], errors="ignore")
        side = table[[f"{column}_{suffix}" for column in alone]]
        pd.testing.assert_frame_equal(side, alone.add_suffix(f"_{suffix}"), rtol=1e-9)
        seen += alone.shape[1]
    return seen


def test_the_warehouses_table(run, session, nwb, tmp_path):
    out = tmp_path / "w.csv"
    result = run("observatory", "metrics", nwb, "--definition", "warehouse", "--out", out)
    assert result.exit_code == 0, result.stderr
    table = pd.read_csv(out)
    assert table["cell"].tolist() == session.ids.tolist()
    assert table["definition"].unique().tolist() == ["warehouse"]
    assert same(table, session, warehouse, tmp_path) == table.shape[1]
    # The cells were made to like something, the last one nothing.
    assert table["responsive_dg"].tolist() == [True, True, False]
    assert table["osi_dg"].notna().any()
    assert table["run_modulation_dg"].notna().any()
    assert table["reliability_nm1"].notna().all()
    assert table["rf_center_on_x_deg_lsn"].notna().any()
    assert "Not measured: spontaneous (" in result.stderr
    assert "SYNTHETIC" in result.stderr


def test_it_is_the_default_and_keeps_published_bugs(run, session, nwb, tmp_path):
    out = tmp_path / "w.csv"
    one = ("--stimulus", "static_gratings", "--quirk", "published")
    result = run("observatory", "metrics", nwb, *one, "--out", out)
    assert result.exit_code == 0, result.stderr
    table = pd.read_csv(out)
    of = expected(session, warehouse, "static_gratings", quirks="published")
    without = expected(session, warehouse, "static_gratings")
    np.testing.assert_allclose(table["g_osi_sg"], of["g_osi"])
    assert not of.equals(without)


def test_the_papers_table(run, session, nwb, tmp_path):
    out = tmp_path / "p.csv"
    events = files.write_events(session, tmp_path / "events.npz")
    asked = ("--definition", "paper2020", "--events", events)
    result = run("observatory", "metrics", nwb, *asked, "--out", out)
    assert result.exit_code == 0, result.stderr
    table = pd.read_csv(out)
    quiet = paper2020.spontaneous(session.traces("events"), session.table("spontaneous"))
    of_quiet = [f"{c}_sp" for c in quiet.columns.drop(["cell", "notes"], errors="ignore")]
    assert same(table, session, paper2020, tmp_path) + len(of_quiet) == table.shape[1]
    np.testing.assert_allclose(table[of_quiet[0]], quiet[of_quiet[0].removesuffix("_sp")])
    # Trials are compared with the session's spontaneous activity.
    assert table["responsive_dg"].tolist() == [True, True, False]
    assert not table["notes"].fillna("").str.contains("no spontaneous activity").any()
    assert "Not measured" not in result.stderr


def test_events_of_another_session(run, nwb, tmp_path):
    np.savez(tmp_path / "e.npz", ev=np.zeros((3, 50), np.float32))
    asked = ("--definition", "paper2020", "--events", tmp_path / "e.npz")
    result = run("observatory", "metrics", nwb, *asked)
    assert result.exit_code == 1
    assert "Is it of another session?" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--definition", "paper2020"), "--events FILE"),
        (
            ("--definition", "neuropixels"),
            "of spikes, and these are traces; choose one of trial-mean",
        ),
        (("--good-units",), "--good-units is for Neuropixels sessions"),
    ],
)
def test_what_does_not_fit(run, nwb, arguments, told):
    result = run("observatory", "metrics", nwb, *arguments)
    assert result.exit_code == 1
    assert told in result.stderr
    assert "session.nwb" in result.stderr


def test_events_where_none_are_measured(run, session, nwb, tmp_path):
    events = files.write_events(session, tmp_path / "events.npz")
    result = run("observatory", "metrics", nwb, "--events", events)
    assert result.exit_code == 1
    assert "events are given, which only the definition paper2020" in result.stderr
