"""One synthetic two-photon session from a stated tuning model, as NWB 1 of the Observatory.

Every cell fires as a Poisson process with rate ``base + peak * exp(kappa (cos(2 d) - 1)) *
(1 - dsi (1 - cos d) / 2) * gain(TF)`` with ``d`` the angle from its preferred direction; each spike
raises the fluorescence by `SPIKE_DFF`, which decays with `DECAY_S`; Gaussian noise is added.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray
from scipy import signal

from cassettes.make.truth import SEED

__all__ = ["CONTAINER_ID", "DESCRIPTION", "SESSION_ID", "Tuning", "tuning", "write_session"]

Array = NDArray[np.float64]

SESSION_ID, CONTAINER_ID = 900100001, 900100000
N_CELLS, FRAME_S, DECAY_S, SPIKE_DFF, NOISE_DFF = 40, 1 / 30.0, 0.5, 0.12, 0.08
DIRECTIONS_DEG = np.arange(0.0, 360.0, 45.0)
FREQUENCIES_HZ = (2.0, 4.0)
N_REPEATS, N_BLANKS = 8, 10
DESCRIPTION = (
    "SYNTHETIC two-photon session made by allentk's cassettes/make from a stated tuning model; no "
    "animal was used"
)


@dataclass(frozen=True)
class Tuning:
    """Ground truth of the session's cells; arrays have one entry per cell."""

    ids: NDArray[np.int64]
    preferred_deg: Array
    preferred_tf_hz: Array
    kappa: Array
    dsi: Array
    base_hz: Array
    peak_hz: Array

    def rates_hz(self, direction_deg: float, frequency_hz: float) -> Array:
        """Return the rate of every cell for one grating; a NaN direction is the blank."""
        if np.isnan(direction_deg):
            return self.base_hz
        d = np.radians(direction_deg - self.preferred_deg)
        gain = np.where(self.preferred_tf_hz == frequency_hz, 1.0, 0.5)
        oriented = np.exp(self.kappa * (np.cos(2 * d) - 1))
        directed = 1 - self.dsi * (1 - np.cos(d)) / 2
        rates: Array = self.base_hz + self.peak_hz * gain * oriented * directed
        return rates


def tuning() -> Tuning:
    """Draw the ground truth."""
    rng = np.random.default_rng([SEED, SESSION_ID])
    return Tuning(
        ids=900200000 + np.arange(N_CELLS),
        preferred_deg=rng.choice(DIRECTIONS_DEG, N_CELLS),
        preferred_tf_hz=rng.choice(FREQUENCIES_HZ, N_CELLS),
        kappa=rng.uniform(0.5, 3.0, N_CELLS),
        dsi=rng.beta(1.5, 2.0, N_CELLS),
        base_hz=rng.lognormal(-1.5, 0.5, N_CELLS),
        peak_hz=rng.lognormal(1.3, 0.6, N_CELLS),
    )


def _presentations(rng: np.random.Generator) -> Array:
    """Rows of (temporal frequency, orientation, blank, start frame, end frame)."""
    conditions = [(tf, direction, 0.0) for tf in FREQUENCIES_HZ for direction in DIRECTIONS_DEG]
    trials = conditions * N_REPEATS + [(np.nan, np.nan, 1.0)] * N_BLANKS
    rows = []
    for trial, which in enumerate(rng.permutation(len(trials))):
        start = 300 + trial * 90
        rows.append((*trials[which], start, start + 60))
    return np.array(rows)


def _dff(truth: Tuning, table: Array, n_frames: int, rng: np.random.Generator) -> Array:
    rates = np.repeat(truth.base_hz[:, None], n_frames, axis=1)
    for frequency, direction, _, start, end in table:
        rates[:, int(start) : int(end)] = truth.rates_hz(direction, frequency)[:, None]
    spikes = rng.poisson(rates * FRAME_S)
    calcium = signal.lfilter([SPIKE_DFF], [1.0, -np.exp(-FRAME_S / DECAY_S)], spikes, axis=1)
    noisy: Array = calcium + NOISE_DFF * rng.standard_normal(calcium.shape)
    # Rounded to what a 12-bit detector resolves, so that the file stays small.
    return np.round(noisy / 0.01) * 0.01


def write_session(path: Path) -> None:
    """Write the session."""
    rng = np.random.default_rng([SEED, SESSION_ID, 1])
    truth, table = tuning(), _presentations(rng)
    n_frames = int(table[-1, 4]) + 600
    times = 5.0 + np.arange(n_frames) * FRAME_S
    dff = _dff(truth, table, n_frames, rng)
    with h5py.File(path, "w", libver=("v110", "v110")) as file:
        _head(file)
        pipeline = file.create_group("processing/brain_observatory_pipeline")
        plane = pipeline.create_group("DfOverF/imaging_plane_1")
        plane.create_dataset(
            "data",
            data=dff.astype(np.float32),
            chunks=(1, n_frames),
            compression="gzip",
            compression_opts=9,
            shuffle=True,
        )
        plane["timestamps"] = times
        plane["data"].attrs["unit"] = np.bytes_("dF/F")
        _segments(pipeline, truth)
        running = pipeline.create_group("BehavioralTimeSeries/running_speed")
        speed = np.maximum(0, np.cumsum(rng.normal(0, 0.3, n_frames)) * 0.1)
        running.create_dataset(
            "data", data=np.round(speed, 1).astype(np.float32), compression="gzip", shuffle=True
        )
        running["timestamps"] = times
        _stimuli(file, table)


def _head(file: h5py.File) -> None:
    file["nwb_version"] = np.bytes_("NWB-1.0.5")
    file["identifier"] = np.bytes_(f"SYNTHETIC {SESSION_ID}")
    file["session_description"] = np.bytes_(DESCRIPTION)
    file["session_start_time"] = np.bytes_("2026-11-24T00:00:00")
    general = file.create_group("general")
    for name, value in {
        "session_id": str(SESSION_ID),
        "experiment_container_id": str(CONTAINER_ID),
        "session_type": "three_session_A",
        "specimen_name": "SYNTHETIC",
        "fov": "400x400 microns (512 x 512 pixels)",
        "notes": f"{DESCRIPTION}; seed {SEED}",
        "subject/age": "P90",
        "subject/sex": "SYNTHETIC",
        "subject/genotype": "SYNTHETIC (named after Scnn1a-Tg3-Cre)",
        "optophysiology/imaging_plane_1/imaging depth": "275 microns",
        "optophysiology/imaging_plane_1/location": "Area: VISp",
        "optophysiology/imaging_plane_1/indicator": "SYNTHETIC (named after GCaMP6f)",
        "optophysiology/imaging_plane_1/excitation_lambda": "910 nanometers",
    }.items():
        general[name] = np.bytes_(value)
    general["generated_by"] = np.array(
        [b"program", b"allentk cassettes.make (SYNTHETIC)", b"version", b"3.0"], dtype="S64"
    )


def _segments(pipeline: h5py.Group, truth: Tuning) -> None:
    group = pipeline.create_group("ImageSegmentation")
    group["cell_specimen_ids"] = truth.ids
    names = np.array([f"roi_{i:03d}".encode() for i in range(N_CELLS)])
    group["roi_ids"] = names
    plane = group.create_group("imaging_plane_1")
    plane["roi_list"] = names
    y, x = np.mgrid[:64, :64]
    for i, name in enumerate(names):
        row, column = divmod(i, 8)
        mask = (x - 4 - 8 * column) ** 2 + (y - 6 - 12 * row) ** 2 <= 9
        plane.create_dataset(
            f"{name.decode()}/img_mask", data=mask.astype(np.uint8), compression="gzip"
        )


def _stimuli(file: h5py.File, table: Array) -> None:
    gratings = file.create_group("stimulus/presentation/drifting_gratings_stimulus")
    gratings["data"] = table[:, :3]
    gratings["features"] = np.array([b"temporal_frequency", b"orientation", b"blank_sweep"])
    gratings["frame_duration"] = table[:, 3:].astype(np.int64)
    spontaneous = file.create_group("stimulus/presentation/spontaneous_stimulus")
    spontaneous["data"] = np.array([1, -1])
    spontaneous["frame_duration"] = np.array([[0, 0], [299, 299]])
    spontaneous["num_samples"] = 2
