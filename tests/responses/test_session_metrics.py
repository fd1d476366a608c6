"""All stimuli of a session in one table."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pytest

from allentk import responses
from allentk.data import NetworkResponse, StimulusTable, Traces
from allentk.errors import DataError
from allentk.responses import cell_metrics
from tests import planted
from tests.responses.test_trial_mean import (
    DRIFTING,
    FLASHES,
    drifting_rates,
    flash_rates,
)


def two_cells(row):
    return drifting_rates(row) * 2


def after(table, start_s):
    rows = table.table
    return StimulusTable(
        rows.assign(start_s=rows["start_s"] + start_s, stop_s=rows["stop_s"] + start_s)
    )


def recording():
    """Two stimuli, one after the other, of two cells."""
    second = after(FLASHES, DRIFTING.duration_s)
    rows = pd.concat([DRIFTING.table, second.table], ignore_index=True)

    def rates(row):
        return two_cells(row) if row.stimulus == "drifting_gratings" else flash_rates(row)

    together = StimulusTable(rows)
    return planted.spikes(together, rates), planted.traces(together, rates), second


def test_stimuli_stand_side_by_side_by_cell():
    trains, dff, second = recording()
    for of in (trains, dff):
        found = cell_metrics(of, {"drifting_gratings": DRIFTING, "flashes": second})
        alone = responses.flashes(of, second).drop(columns=["cell", "notes"])
        side = found.table[[f"{name}_fl" for name in alone.columns]]
        pd.testing.assert_frame_equal(side, alone.add_suffix("_fl"))
        assert found.table["preferred_direction_deg_dg"].tolist() == [90.0, 90.0]
        assert found.table["cell"].is_unique
        assert found.failed == {}
        assert list(found.table.columns)[-1] == "notes"
        assert "0 stimuli not measured" in repr(found)


def test_a_stimulus_that_fails_is_noted_and_the_rest_is_computed():
    trains, _, second = recording()
    tables = {
        "flashes": second,
        "natural_scenes": second,
        "locally_sparse_noise": second,
        "odours": second,
    }
    found = cell_metrics(trains, tables)
    assert found.table["on_off_ratio_fl"].tolist() == [4.0, 0.0]
    assert list(found.failed) == ["natural_scenes", "locally_sparse_noise", "odours"]
    assert "no presentation has a frame" in found.failed["natural_scenes"]
    assert "needs template=" in found.failed["locally_sparse_noise"]
    assert "natural_scenes" in found._repr_html_()
    with pytest.raises(
        DataError,
        match=r"could be measured by .* \(odours: .* named 'odours'.*; others .* are .*layer4",
    ):
        cell_metrics(trains, {"odours": second})


def test_a_silent_cell_says_so_per_stimulus():
    _, _, second = recording()
    trains = planted.spikes(second, lambda row: [flash_rates(row)[0], 0.0])
    found = cell_metrics(trains, {"flashes": second, "drifting_gratings": DRIFTING})
    none = "no spikes in any presentation"
    assert found.table["notes"].tolist() == [f"dg: {none}", f"fl: {none}; dg: {none}"]


def test_a_network_is_measured_like_a_session():
    trains, _, second = recording()
    network = NetworkResponse({"v1": trains}, second.duration_s + 1)
    tables = {"drifting_gratings": DRIFTING, "flashes": second}
    a, b = cell_metrics(network, tables).table, cell_metrics(trains, tables).table
    assert a["node_population"].tolist() == ["v1", "v1"]
    pd.testing.assert_frame_equal(a.drop(columns=["population", "node_population"]), b)


def test_wrong_arguments_are_refused():
    trains, _, second = recording()
    with pytest.raises(DataError, match="give what was shown"):
        cell_metrics(trains)
    with pytest.raises(DataError, match="no definition"):
        cell_metrics(trains, {"flashes": second}, definition="mine")
    with pytest.raises(DataError, match="options of 'gabors', which was not shown"):
        cell_metrics(trains, {"flashes": second}, options={"gabors": {}})
    with pytest.raises(DataError, match=r"expected Traces or SpikeTrains.* got a ndarray"):
        cell_metrics(np.ones(3), {"flashes": second})
    with pytest.raises(
        DataError, match="no stimulus 'gabors', which was not shown; shown were flash"
    ):
        cell_metrics(trains, {"flashes": second}, stimuli=["gabors"])
    with pytest.raises(DataError, match="ids has 1 twice"):
        cell_metrics(trains, {"flashes": second}, ids=[1, 0, 1])


def test_a_definition_is_of_spikes_or_of_traces():
    trains, dff, second = recording()
    tables = {"flashes": second}
    for of, definition, told in (
        (
            trains,
            "warehouse",
            "of traces, and these are spikes; choose one of trial-mean, neuropixels",
        ),
        (
            dff,
            "neuropixels",
            "of spikes, and these are traces; choose one of trial-mean, warehouse",
        ),
        (NetworkResponse({"v1": trains}, 100.0), "paper2020", "these are spikes"),
    ):
        with pytest.raises(DataError, match=told):
            cell_metrics(of, tables, definition=definition)
    with pytest.raises(DataError, match="events are given, which only"):
        cell_metrics(dff, tables, events=dff)


def test_what_the_signal_is():
    trains, dff, second = recording()
    of = {"spikes": trains, "dF/F": dff}
    for signal, recorded in of.items():
        assert cell_metrics(recorded, {"flashes": second}).signal == signal


def test_some_cells_and_some_stimuli():
    trains, dff, second = recording()
    tables = {"drifting_gratings": DRIFTING, "flashes": second}
    for of in (trains, dff):
        whole = cell_metrics(of, tables, stimuli=["flashes"])
        assert list(whole.tables) == ["flashes"]
        some = cell_metrics(of, tables, stimuli=["flashes", "flashes"], ids=whole.table["cell"][1:])
        pd.testing.assert_frame_equal(some.table, whole.table[1:].reset_index(drop=True))


def test_steps_are_told_and_warnings_kept():
    _, dff, second = recording()
    late = StimulusTable(
        pd.concat(
            [
                second.table,
                second.table.tail(1).assign(start_s=dff.time_s[-1] + 5, stop_s=dff.time_s[-1] + 6),
            ]
        )
    )
    told = []
    with pytest.warns(UserWarning, match="1 of .* presentations lie outside of the recording"):
        found = cell_metrics(dff, {"flashes": late}, say=told.append)
    assert told == ["Measuring flashes (trial-mean) ..."]
    assert len(found.remarks) == 1
    assert found.remarks[0].startswith("flashes: 1 of ")


def test_the_summary_is_quartiles():
    trains, _, second = recording()
    found = cell_metrics(trains, {"flashes": second})
    row = found.summary().set_index("metric").loc["on_rate_hz"]
    values = found.tables["flashes"]["on_rate_hz"]
    assert row["stimulus"] == "flashes"
    assert row["cells"] == 2
    np.testing.assert_allclose(
        row[["q25", "median", "q75"]].astype(float), np.quantile(values, [0.25, 0.5, 0.75])
    )


GRAY = {"template": np.full((4, 8, 14), 127)}


@dataclass
class Ophys:
    """What ``cell_metrics`` asks of a session."""

    traces: Traces
    tables: dict
    asked: list = field(default_factory=list)

    @property
    def stimuli(self):
        return list(self.tables)

    @property
    def cell_specimen_ids(self):
        return tuple(self.traces.ids.tolist())

    def stimulus_table(self, name):
        return self.tables[name]

    def dff(self):
        self.asked.append("dff")
        return self.traces

    def fluorescence(self):
        self.asked.append("fluorescence")
        raw = 100 + self.traces.values  # noqa: PD011
        return Traces(raw, self.traces.time_s, self.traces.ids, "F")

    def running_speed(self):
        raise DataError("no running speed")

    def stimulus_template(self, name):
        raise DataError(f"no template of {name}")


def test_a_session_says_itself_what_was_shown():
    _, dff, second = recording()
    session = Ophys(dff, {"flashes": second, "locally_sparse_noise": second})
    found = cell_metrics(session)
    assert session.asked == ["dff"]
    assert found.table["on_off_ratio_fl"][0] == pytest.approx(4.0)
    assert found.failed == {"locally_sparse_noise": "no template of locally_sparse_noise"}
    assert found.table.columns[:2].tolist() == ["cell", "definition"]
    session.asked.clear()
    with pytest.raises(DataError) as told:
        cell_metrics(session, definition="warehouse", options={"locally_sparse_noise": GRAY})
    assert session.asked == ["dff"]  # of which AllenSDK makes fields; not of fluorescence
    assert "expected traces" not in str(told.value)
    with pytest.raises(DataError, match="a session's file does not hold"):
        cell_metrics(session, definition="paper2020")
