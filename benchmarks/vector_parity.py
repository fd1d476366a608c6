"""Feature vectors beside those of IPFX, on the same SYNTHETIC sweeps.

IPFX runs in an environment of its own, through its own command's function for one cell; sweeps go there
and vectors come back in files. Nothing of the reference is kept here but the largest differences.

    python -m benchmarks.vector_parity --peer /path/to/ipfx/bin/python
"""

from __future__ import annotations

import argparse
import json
import math
import platform
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from allentk.data import SweepSet
from allentk.features.vector_layout import SPIKING
from allentk.features.vectors import VECTOR_SHAPES, FeatureVectors, vectors
from allentk.progress import track
from benchmarks._paired import versions
from benchmarks._vector_cells import cells, chirps

RESULTS = Path(__file__).parent / "results" / "vector_parity.md"
CHIRP_RATES_HZ = (10_000.0, 12_500.0, 50_000.0, 200_000.0)

PEER = """
import datetime, json, logging, sys, warnings
warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)
import numpy as np
import ipfx.bin.run_feature_vector_extraction as command
from ipfx.chirp import feature_vectors_chirp
from ipfx.dataset.ephys_data_interface import EphysDataInterface
from ipfx.dataset.ephys_data_set import EphysDataSet
from ipfx.json_utilities import read
from ipfx.stimulus import StimulusOntology

held = np.load(sys.argv[1])
listed = {row["number"]: row for row in json.loads(str(held["listed"]))}

class Arrays(EphysDataInterface):
    sweep_numbers = list(listed)
    def get_sweep_data(self, number):
        return {"stimulus": held[f"i{number}"], "response": held[f"v{number}"],
                "stimulus_unit": "Amps", "sampling_rate": listed[number]["rate"]}
    def get_sweep_attrs(self, number):
        return {"clamp_mode": "CurrentClamp", "stimulus_code": listed[number]["stimulus"]}
    get_sweep_metadata = get_sweep_attrs
    def get_clamp_mode(self, number):
        return "CurrentClamp"
    def get_stimulus_code(self, number):
        return listed[number]["stimulus"]
    def get_stimulus_unit(self, number):
        return "Amps"
    def get_stimulus_name(self, code):
        return code
    def get_full_recording_date(self):
        return datetime.datetime(2026, 1, 1)

class Recording(EphysDataSet):
    def filtered_sweep_table(self, clamp_mode=None, stimuli=None, stimuli_exclude=None):
        table = self.sweep_table
        return table[[name in stimuli for name in table["stimulus_name"]]]

ontology = StimulusOntology(read(StimulusOntology.DEFAULT_STIMULUS_ONTOLOGY_FILE))
recording = Recording(
    Arrays(ontology, validate_stim=False),
    sweep_info=[{"sweep_number": number, "stimulus_name": row["stimulus"], "stimulus_units": "Amps",
                 "stimulus_code": row["stimulus"], "bridge_balance_mohm": 0, "leak_pa": 0,
                 "clamp_mode": "CurrentClamp"} for number, row in listed.items()])
try:
    if all(row["stimulus"].startswith("Chirp") for row in listed.values()):
        out = {"chirp": feature_vectors_chirp(recording.sweep_set(list(listed)))["chirp"]}
    else:
        command.su.dataset_for_specimen_id = lambda *args, **kwargs: recording
        out = command.data_for_specimen_id(1, "none", "filesystem", ontology, ap_window_length=0.003)
    if "error" in out:
        raise RuntimeError(str(out["error"]["details"]).strip().splitlines()[-1])
except Exception as error:
    out = {"error": f"{type(error).__name__}: {error}"}
np.savez(sys.argv[2], **out)
"""

#: Why a vector of a cell differs, looked up by hand; what is not here is reported as unexplained.
NOTES = {(f"spiking_{name}", "plain, at 200 kHz"): "bin edge" for name in SPIKING}
EXPLAINED = (
    "Bin edge: the threshold of a spike lies exactly on the edge of two 20 ms bins. allentk counts bins "
    "in samples and puts it into the later one; IPFX rounds times and puts it into the earlier one."
)


def theirs(peer: str, sweeps: SweepSet, folder: Path) -> dict[str, NDArray[np.float64]] | str:
    """Return the vectors of IPFX, or its error."""
    listed = [
        {"number": sweep.number, "stimulus": sweep.stimulus, "rate": sweep.sampling_rate_hz}
        for sweep in sweeps
    ]
    arrays = {f"v{sweep.number}": sweep.voltage_mv for sweep in sweeps}
    arrays.update({f"i{sweep.number}": sweep.current_pa for sweep in sweeps})
    sent, answer = folder / "sweeps.npz", folder / "vectors.npz"
    np.savez(sent, listed=json.dumps(listed), **arrays)
    subprocess.run([peer, "-c", PEER, str(sent), str(answer)], check=True, capture_output=True)
    with np.load(answer) as held:
        if "error" in held:
            return str(held["error"])
        return {name: held[name] for name in held.files if name in VECTOR_SHAPES}


def difference(ours: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Return the largest difference; infinite where shapes differ or one alone is NaN."""
    if ours.shape != other.shape:
        return math.inf
    apart = np.abs(ours - other)
    same_nan = np.isnan(ours) & np.isnan(other)
    return float(np.where(same_nan, 0.0, np.where(np.isnan(apart), math.inf, apart)).max())


def _row(name: str, seen: dict[str, float]) -> str:
    if not seen:
        return f"| {name} | | no answer | |"
    worst = max(seen, key=lambda cell: seen[cell])
    differing = [cell for cell, apart in seen.items() if apart > 1e-9]
    note = "; ".join(f"{cell}: {NOTES.get((name, cell), 'unexplained')}" for cell in differing)
    agreeing = max((apart for apart in seen.values() if apart <= 1e-9), default=math.nan)
    return f"| {name} | {len(seen)} | {agreeing:.1e} | {seen[worst]:.3g} | {note} |"


def _had(ours: FeatureVectors) -> str:
    nan = {name: np.isnan(values) for name, values in ours.items() if np.isnan(values).any()}
    none = [name for name, where in nan.items() if where.all()]
    part = [name for name in nan if name not in none]
    said = [f"{len(ours) - len(none)} of {len(ours)}"]
    said += [f"NaN: {', '.join(none)}"] if none else []
    said += [f"one part NaN: {', '.join(part)}"] if part else []
    return "; ".join(said)


def report(
    apart: dict[str, dict[str, float]], silent: dict[str, tuple[str, FeatureVectors]], peer: str
) -> str:
    """Return the page of results."""
    lines = [
        "# Feature vectors beside IPFX",
        "",
        "SYNTHETIC cells: a conductance-based neuron at 50 kHz under long squares, short squares and "
        "ramps, with and without recording noise, missing and repeated amplitudes, at 200 kHz, and with "
        "steps of 0.6 s; chirps of 20 s through a linear membrane with a resonance. Both programs had "
        "the same arrays. `agreeing` is the largest difference over the cells that agree to 1e-9 (mV, "
        "Hz, ratio, s, GOhm, rad), `largest` that over all. Made by "
        "`python -m benchmarks.vector_parity`.",
        "",
        f"- machine: {platform.system()} {platform.machine()}",
        f"- IPFX, in its own environment: {versions(peer, ['ipfx', 'numpy', 'scipy'])}",
        "",
        "| vector | cells | agreeing | largest | where they differ |",
        "|---|---|---|---|---|",
        *(_row(name, apart[name]) for name in VECTOR_SHAPES),
        "",
        EXPLAINED,
        "",
        "Where IPFX gives no vector at all:",
        "",
        "| sweeps | what it says | allentk |",
        "|---|---|---|",
    ]
    lines += [f"| {cell} | {error} | {_had(ours)} |" for cell, (error, ours) in silent.items()]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Compare every cell and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", required=True, help="Python of an environment with ipfx")
    peer = parser.parse_args().peer
    recordings = cells()
    recordings.update({f"chirps at {rate / 1e3:g} kHz": chirps(rate) for rate in CHIRP_RATES_HZ})
    apart: dict[str, dict[str, float]] = {name: {} for name in VECTOR_SHAPES}
    silent: dict[str, tuple[str, FeatureVectors]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for cell, sweeps in track(list(recordings.items()), "comparing"):
            is_chirp = cell.startswith("chirps")
            ours = vectors(sweeps, chirp=is_chirp)
            if is_chirp:
                ours = FeatureVectors({"chirp": ours["chirp"]})
            other = theirs(peer, sweeps, Path(folder))
            if isinstance(other, str):
                silent[cell] = (other, ours)
                continue
            for name, values in other.items():
                apart[name][cell] = difference(ours[name], values)
    RESULTS.write_text(report(apart, silent, peer))


if __name__ == "__main__":
    main()
