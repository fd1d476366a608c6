"""The embedded demo is what its generator makes, says what it is, and is small."""

import json

import h5py
import numpy as np
import pytest

from allentk.api.cassette import body_path, read_cassette
from allentk.io import read_nwb, read_ophys_session
from cassettes.make.__main__ import DEMO
from cassettes.make.observatory import SESSION_ID, tuning, write_session
from cassettes.make.recording import COUNT_MV, RATE_HZ, record
from cassettes.make.truth import CELLS

PROTOCOLS = {"Ramp", "Short Square", "Long Square", "Noise 1", "Noise 2", "Short Square - Triple"}


@pytest.fixture(scope="module", params=CELLS, ids=lambda cell: str(cell.specimen_id))
def made(request):
    """A cell, its sweeps made anew, and its file in the cassette."""
    cell = request.param
    return cell, list(record(cell)), DEMO / "bodies" / f"{cell.specimen_id}.nwb"


def test_making_it_again_gives_the_same_recording(made):
    _, sweeps, path = made
    kept = read_nwb(path)
    assert kept.numbers == [sweep.number for sweep in sweeps]
    with h5py.File(path) as file:
        for sweep in sweeps:
            if sweep.clamp == "current":
                times = file[f"analysis/spike_times/Sweep_{sweep.number}"][()]
                assert np.array_equal(np.round(times * RATE_HZ).astype(int), sweep.spikes)
                again = sweep.counts_v * COUNT_MV
                apart = np.abs(kept.sweep(sweep.number).voltage_mv - again)
                assert apart.max() <= COUNT_MV * 1.001


def test_protocols_and_their_repeats(made):
    _, sweeps, path = made
    table = read_nwb(path).table
    assert set(table["stimulus"]) == PROTOCOLS | {"Test"}
    assert (table["stimulus"] == "Noise 1").sum() == 3
    assert (table["stimulus"] == "Noise 2").sum() == 2
    assert set(table["sampling_rate_hz"]) == {25_000.0}
    silent = [s for s in sweeps if s.name == "Short Square" and not s.spikes.size]
    assert len(silent) == 1  # one below and two above threshold


def test_noise_is_stored_once_per_seed(made):
    _, _, path = made
    with h5py.File(path) as file:
        shown = file["stimulus/presentation"]
        noise = [18, 20, 22]
        first, *others = (shown[f"Sweep_{number}/data"] for number in noise)
        assert all(first == other for other in others)
        assert first.dtype == np.int16
        assert first.compression == "gzip"
        assert first.shuffle
        assert first != shown["Sweep_19/data"]


def test_noise_is_allens(made):
    """Three epochs at 75, 100 and 125 % of one amplitude, with a variation of 0.2 about the mean."""
    _, _, path = made
    sweep = read_nwb(path).sweep(18)
    means = []
    for start in (5.0, 13.0, 21.0):
        epoch = sweep.current_pa[sweep.index(start) : sweep.index(start + 3)]
        means.append(epoch.mean())
        assert epoch.std() / epoch.mean() == pytest.approx(0.2, rel=0.02)
    assert np.array(means) / sweep.amplitude_pa == pytest.approx([0.75, 1.0, 1.25], rel=0.02)


def test_every_file_says_that_it_is_synthetic(made):
    cell, _, path = made
    metadata = read_nwb(path).metadata
    assert metadata["synthetic"]
    assert metadata["specimen_id"] == cell.specimen_id
    assert "SYNTHETIC" in metadata["specimen_name"]
    assert "SYNTHETIC" in path.with_suffix(".swc").read_text().split("\n")[0]


def test_the_session_is_what_its_generator_makes(tmp_path):
    kept = read_ophys_session(DEMO / "bodies" / f"{SESSION_ID}.nwb")
    assert kept.metadata["synthetic"]
    write_session(tmp_path / "again.nwb")
    again = read_ophys_session(tmp_path / "again.nwb")
    assert np.abs(kept.dff().values - again.dff().values).max() < 0.0101
    table, other = (s.stimulus_table("drifting_gratings").table for s in (kept, again))
    assert table["orientation_deg"].equals(other["orientation_deg"])
    assert kept.cell_specimen_ids == tuple(tuning().ids)


def test_the_index_holds_every_body_and_the_folder_is_small():
    cassette = read_cassette(DEMO)
    assert cassette.synthetic
    assert "SYNTHETIC" in cassette.description
    bodies = {body_path(cassette, one) for one in cassette.interactions.values()}
    files = {path for path in DEMO.rglob("*") if path.is_file()}
    assert files == bodies | {DEMO / "index.json"}
    assert sum(path.stat().st_size for path in files) <= 12_000_000


def test_answers_have_the_services_envelope():
    for path in (DEMO / "bodies").glob("*.json"):
        if "neuron_config" not in path.name:
            answer = json.loads(path.read_text())
            assert answer["success"] is True
            assert answer["num_rows"] == answer["total_rows"] == len(answer["msg"])


def test_kinds_of_cells():
    assert len(CELLS) >= 4
    assert {cell.dendrite_type for cell in CELLS} == {"spiny", "aspiny"}
    assert sum(cell.truth is None for cell in CELLS) == 1
    assert all("Teeter et al. 2018" in cell.truth.source for cell in CELLS if cell.truth)
