"""One call for every definition, for a session and for a simulation."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from allentk import responses
from allentk.data import NetworkResponse, SpikeTrains, StimulusTable, Traces
from allentk.errors import DataError
from allentk.responses.definitions import DEFINITIONS, definition_module
from tests import planted
from tests.responses.test_trial_mean import EXPECTED, FLASHES, flash_rates


@pytest.mark.parametrize("stimulus", EXPECTED)
def test_a_network_and_its_spikes_give_the_same_numbers(stimulus):
    table, rates, _ = EXPECTED[stimulus]
    trains = planted.spikes(table, rates)
    nodes = {"v1": pd.DataFrame({"cell_class": ["L4 Exc"] * trains.n_cells})}
    both = {"v1": trains, "lgn": trains}
    network = NetworkResponse(both, table.duration_s + 1, table, nodes)
    measure = getattr(responses, stimulus)
    of_network, of_spikes = measure(network), measure(trains, table)
    assert list(of_network.columns[:3]) == ["cell", "population", "node_population"]
    assert set(of_network["population"]) == {"L4 Exc", "lgn"}
    for name in both:
        part = of_network[of_network["node_population"] == name].reset_index(drop=True)
        pd.testing.assert_frame_equal(
            part.drop(columns=["population", "node_population"]), of_spikes
        )
    with pytest.raises(DataError, match="one population"):
        measure(network, ids=[0])
    with pytest.raises(DataError, match=rf"{stimulus}: the last presentation ends"):
        measure(NetworkResponse(both, 1.0, table))


def test_what_is_not_there_is_refused_with_what_is():
    trains = planted.spikes(FLASHES, flash_rates)
    with pytest.raises(DataError, match="no definition 'allen'; there are 'trial-mean', 'wareh"):
        responses.flashes(trains, FLASHES, definition="allen")
    with pytest.raises(DataError, match=r"'layer4' has no such stimulus.*'trial-mean'"):
        responses.flashes(trains, FLASHES, definition="layer4")
    with pytest.raises(DataError, match=r"takes no preferred=; it takes running, response"):
        responses.flashes(trains, FLASHES, preferred="joint")
    with pytest.raises(DataError, match=r"'trial-mean' takes no quirks="):
        responses.flashes(trains, FLASHES, quirks="published")
    with pytest.raises(DataError, match=r"'layer4' takes no running="):
        responses.spontaneous(trains, FLASHES, definition="layer4", running=([0], [0]))
    for wrong in (5, [], np.ones(3)):
        with pytest.raises(DataError, match=r"'trial-mean' takes no running="):
            responses.spontaneous(trains, FLASHES, running=wrong)
    for none in ((name for name in ()), np.array([], dtype=str), None):
        assert len(responses.flashes(trains, FLASHES, quirks=none)) == 2
    with pytest.raises(DataError, match=r"'trial-mean' takes no quirks="):
        responses.flashes(trains, FLASHES, quirks=np.array(["a", "b"]))
    with pytest.raises(DataError, match="what was shown"):
        responses.flashes(trains)
    with pytest.raises(DataError, match="expected Traces or SpikeTrains"):
        responses.flashes(np.ones((3, 4)), FLASHES)


def test_an_option_chooses_no_cells():
    trains = planted.spikes(FLASHES, flash_rates)
    with pytest.raises(DataError, match="takes no ids="):
        responses.cell_metrics(trains, {"flashes": FLASHES}, options={"flashes": {"ids": [0]}})


@pytest.mark.parametrize("definition", DEFINITIONS)
def test_a_definition_says_what_its_columns_and_its_quirks_are(definition):
    module = definition_module(definition)
    if not responses.stimuli_of(definition):
        pytest.skip("nothing there")
    stimuli = {metric.stimulus for metric in module.METRICS}
    assert set(responses.stimuli_of(definition)) <= stimuli
    units = {
        "_deg_per_s": "deg/s",
        "_cm_s": "cm/s",
        "_hz": "Hz",
        "_deg": "deg",
        "_s": "s",
        "_cpd": "cpd",
    }
    for metric in module.METRICS:
        assert metric.definition == definition
        assert metric.formula, metric
        said = [unit for end, unit in units.items() if metric.name.endswith(end)]
        assert not said or metric.unit.replace("cycles/deg", "cpd") == said[0], metric
    names = [(metric.stimulus, metric.name) for metric in module.METRICS]
    assert len(names) == len(set(names))
    assert all(quirk.definition == definition for quirk in module.QUIRKS)


#: Definition -> what it measures: what is planted, and its unit.
SIGNALS = {"warehouse": "F", "paper2020": "events", "neuropixels": ""}


@pytest.mark.filterwarnings("ignore:.* left out:UserWarning")
@pytest.mark.parametrize(
    ("definition", "stimulus"),
    [(d, s) for d in SIGNALS for s in EXPECTED if s in responses.stimuli_of(d)],
)
def test_every_column_of_a_definition_has_its_unit(definition, stimulus):
    table, rates, _ = EXPECTED[stimulus]
    if stimulus == "spontaneous":
        rows = table.table
        gray = rows["stimulus"].replace("blank", "spontaneous")
        table = StimulusTable(rows.assign(stimulus=gray))
    unit = SIGNALS[definition]
    of = planted.traces(table, rates, unit=unit) if unit else planted.spikes(table, rates)
    if unit == "F":
        of = Traces(of.values + 100, of.time_s, of.ids, "F")  # noqa: PD011 (no table)
    cells = getattr(responses, stimulus)(of, table, definition=definition)
    known = {
        m.name: m.unit for m in definition_module(definition).METRICS if m.stimulus == stimulus
    }
    columns = cells.drop(columns=["cell", "notes"])
    assert set(columns) == set(known)
    numbers = [name for name in columns if columns[name].dtype.kind in "fiu"]
    assert [name for name in numbers if not known[name]] == []


def test_a_definition_is_loaded_when_it_is_asked_for():
    code = (
        "import sys, allentk.responses; "
        "print(sorted(m for m in sys.modules if m == 'numba' or '.warehouse' in m "
        "or '.neuropixels' in m or '.paper2020' in m or '.model_papers' in m))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"


def test_an_unknown_id_of_trains_is_named():
    with pytest.raises(DataError, match="no cell with id 3"):
        responses.flashes(SpikeTrains([0.1], [0], 1), FLASHES, ids=[3])
