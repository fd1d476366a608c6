"""Pages of a session's cells, and the session's metrics that they are of."""

import numpy as np
import pytest

from allentk.api import demo
from allentk.data import Traces
from allentk.errors import DataError
from allentk.responses import cell_metrics, drifting_gratings
from allentk.workflow.citations import cite
from allentk.workflow.session_cells import strong_middling_weak, write_cells


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    return demo(cache_dir=tmp_path_factory.mktemp("cache")).observatory.session(900100001)


@pytest.fixture(scope="module")
def found(session):
    return cell_metrics(session)


def test_the_table_is_of_the_definitions_function(found, session):
    shown = session.stimulus_table("drifting_gratings")
    expected = drifting_gratings(session.dff(), shown, running=session.running_speed())
    table = found.table
    assert table.columns[:3].tolist() == ["cell", "definition", "synthetic"]
    np.testing.assert_array_equal(table["cell"], session.cell_specimen_ids)
    np.testing.assert_allclose(table["osi_vector_dg"], expected["osi_vector"])
    np.testing.assert_allclose(table["run_modulation_dg"], expected["run_modulation"])
    assert table.columns[-1] == "notes"
    assert found.synthetic
    assert "SYNTHETIC" in repr(found)
    assert found.signal == "dF/F"


def test_what_a_file_lacks_is_said(session):
    # The demo's file has dF/F alone.
    with pytest.raises(DataError, match="imaging_plane_1_demixed_signal"):
        cell_metrics(session, definition="warehouse", stimuli=["drifting_gratings"])
    with pytest.raises(DataError, match=r"900100001.*--events FILE"):
        cell_metrics(session, definition="paper2020", stimuli=["drifting_gratings"])
    with pytest.raises(DataError, match="no stimulus 'gabors'"):
        cell_metrics(session, stimuli=["gabors"])


def test_events_are_what_the_paper_measures(session):
    cells = [900200001, 900200004]
    dff, name = session.dff(), "drifting_gratings"
    events = Traces(np.maximum(dff.values - 0.2, 0), dff.time_s, dff.ids, "events")
    found = cell_metrics(session, definition="paper2020", stimuli=[name], events=events, ids=cells)
    expected = drifting_gratings(
        events,
        session.stimulus_table(name),
        definition="paper2020",
        running=session.running_speed(),
        ids=cells,
    )
    assert found.table["cell"].tolist() == cells
    np.testing.assert_allclose(found.table["dsi_dg"], expected["dsi"])
    assert found.signal == "events"


def test_what_to_cite(found):
    for value in (found, found.table):
        cited = str(cite(value))
        assert "made up" in cited


def test_cells_of_a_page(session, found, tmp_path):
    strong, middling, weak = strong_middling_weak(found)
    values = found.tables["drifting_gratings"].set_index("cell")["reliability"]
    assert values[strong] > values[middling] > values[weak]
    assert write_cells(session, found, tmp_path / "c.html", cells=[weak, weak]) == (weak,)
    with pytest.raises(DataError, match="no cell 5"):
        write_cells(session, found, tmp_path / "d.html", cells=[5])
