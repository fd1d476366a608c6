"""A session to its metric table; a stimulus that fails costs that stimulus."""

import numpy as np
import pytest

from allentk.api import demo
from allentk.errors import ConfigError, DataError
from allentk.responses import drifting_gratings, session_source
from allentk.workflow.session_cells import strong_middling_weak, write_cells
from allentk.workflow.session_metrics import described, measure_session


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    return demo(cache_dir=tmp_path_factory.mktemp("cache")).observatory.session(900100001)


@pytest.fixture(scope="module")
def found(session):
    return measure_session(session, definition="trial-mean")


def test_the_table_is_of_the_definitions_function(found, session):
    expected = drifting_gratings(session.dff(), session.stimulus_table("drifting_gratings"))
    table = found.table()
    assert table.columns[:3].tolist() == ["cell", "definition", "synthetic"]
    np.testing.assert_array_equal(table["cell"], session.cell_specimen_ids)
    np.testing.assert_allclose(table["osi_vector_dg"], expected["osi_vector"])
    assert "run_modulation_dg" in table
    assert table.columns[-1] == "notes"
    assert found.synthetic
    assert found.signal == "dF/F"


def test_the_summary_is_quartiles(found):
    row = found.summary().set_index(["stimulus", "metric"]).loc[("drifting_gratings", "osi_vector")]
    values = found.tables["drifting_gratings"]["osi_vector"]
    np.testing.assert_allclose(
        row[["q25", "median", "q75"]].astype(float), np.quantile(values, [0.25, 0.5, 0.75])
    )


def test_a_stimulus_that_fails_costs_that_stimulus(session, monkeypatch):
    whole = session_source.measured

    def broken(kind, *arguments, **options):
        if kind == "spontaneous":
            raise DataError("no gray screen")
        return whole(kind, *arguments, **options)

    monkeypatch.setattr(session_source, "measured", broken)
    found = measure_session(session, definition="trial-mean")
    assert found.failed == {"spontaneous": "no gray screen"}
    assert list(found.tables) == ["drifting_gratings"]
    with pytest.raises(DataError, match="spontaneous: no gray screen"):
        measure_session(session, definition="trial-mean", stimuli=["spontaneous"])


def test_what_is_said_while_measuring_is_kept(session, monkeypatch):
    import warnings

    whole = session_source.measured

    def talking(*arguments, **options):
        warnings.warn("3 presentations left out", UserWarning, stacklevel=1)
        return whole(*arguments, **options)

    monkeypatch.setattr(session_source, "measured", talking)
    found = measure_session(session, definition="trial-mean", stimuli=["drifting_gratings"])
    assert found.remarks == ("drifting_gratings: 3 presentations left out",)


def test_the_signal_is_the_definitions(session, monkeypatch):
    seen = {}

    def noting(kind, signal, table, definition, **options):
        seen[definition] = signal
        raise DataError("enough")

    monkeypatch.setattr(session_source, "measured", noting)
    events = session.dff(ids=[900200001])
    for definition in ("trial-mean", "paper2020"):
        with pytest.raises(DataError, match="enough"):
            measure_session(
                session, definition=definition, stimuli=["drifting_gratings"], events=events
            )
    assert seen["trial-mean"].n_cells == 40
    assert seen["paper2020"] is events
    # The demo's file has dF/F alone.
    with pytest.raises(DataError, match="imaging_plane_1_demixed_signal"):
        measure_session(session, definition="warehouse", stimuli=["drifting_gratings"])
    with pytest.raises(DataError, match="--events"):
        measure_session(session, definition="paper2020", stimuli=["drifting_gratings"])


def test_bad_names(session):
    with pytest.raises(ConfigError, match="definition must be one of trial-mean"):
        measure_session(session, definition="mine")
    with pytest.raises(DataError, match="no stimulus 'gabors' in this session"):
        measure_session(session, stimuli=["gabors"])


def test_columns_are_described():
    of = described("trial-mean", "drifting_gratings")
    assert of["preferred_direction_deg"].unit == "deg"
    assert of["osi_vector"].formula


def test_cells_of_a_page(found, tmp_path):
    strong, middling, weak = strong_middling_weak(found)
    values = found.tables["drifting_gratings"].set_index("cell")["reliability"]
    assert values[strong] > values[middling] > values[weak]
    assert write_cells(found, tmp_path / "c.html", cells=[weak, weak]) == (weak,)
    with pytest.raises(DataError, match="no cell 5"):
        write_cells(found, tmp_path / "d.html", cells=[5])
