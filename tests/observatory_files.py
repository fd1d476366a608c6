"""A small SYNTHETIC two-photon session in the layout of the Observatory's NWB 1 files.

Laid out dataset by dataset as a file of pipeline 3.0 is; frames, lengths and gaps are those of real
sessions, the conditions are fewer, and one file has the stimuli of all three kinds of session. It is kept
in arrays too, so that nothing that is compared has gone through the file.
"""

from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from allentk.data import StimulusTable, Traces

PIPELINE = "processing/brain_observatory_pipeline"
FRAME_S = 0.0332446  # 30.08 frames a second
#: Frames from one image to the next, and how many of them are counted to it.
IMAGE, SHOWN = 7.52, 7
FEATURES = {
    "drifting_gratings": ("temporal_frequency", "orientation", "blank_sweep"),
    "static_gratings": ("orientation", "spatial_frequency", "phase"),
}
COLUMNS = {
    "orientation": "orientation_deg",
    "temporal_frequency": "temporal_frequency_hz",
    "spatial_frequency": "spatial_frequency_cpd",
}


@dataclass(frozen=True)
class Session:
    """Fluorescence and its parts (cells x frames), dF/F, events, tables in frames, running, noise."""

    demixed: np.ndarray
    neuropil: np.ndarray
    share: np.ndarray
    dff_values: np.ndarray
    event_values: np.ndarray
    tables: dict[str, pd.DataFrame]
    speed: np.ndarray
    time_s: np.ndarray
    ids: np.ndarray
    template: np.ndarray

    def traces(self, kind):
        """Return dF/F, events, or corrected fluorescence, as they were made."""
        values = {
            "dF/F": self.dff_values,
            "events": self.event_values,
            "F": self.demixed - self.share[:, None] * self.neuropil,
        }
        return Traces(values[kind], self.time_s, self.ids, kind)

    def table(self, name):
        """Return the presentations of a stimulus in seconds, by the times of their frames."""
        rows = self.tables[name]
        start, end = (rows[side].to_numpy() for side in ("start", "end"))
        clock = np.append(self.time_s, self.time_s[-1] + FRAME_S)
        first = next((c for c in ("orientation", "frame") if c in rows), None)
        blank = np.zeros(len(rows), bool) if first is None else ~(rows[first] >= 0).to_numpy()
        shown = rows.drop(columns=["start", "end", "blank_sweep"], errors="ignore").rename(
            columns=COLUMNS
        )
        return StimulusTable(
            shown.assign(
                start_s=clock[start],
                stop_s=clock[np.maximum(end, start + 1)],
                stimulus=np.where(blank, "blank", name),
            )
        )


def stimuli(rng):
    """Return the tables in frames, one after the other, and the frame after the last."""
    directions, tf = np.arange(0.0, 360, 90), (1.0, 8.0)
    drifting = [(f, d, 0.0) for f in tf for d in directions] * 15 + [(np.nan, np.nan, 1.0)] * 6
    static = [
        (o, f, p)
        for o in np.arange(0.0, 180, 30)
        for f in (0.02, 0.04, 0.08, 0.16, 0.32)
        for p in (0.0, 0.25, 0.5, 0.75)
    ]
    static = static * 4 + [(np.nan,) * 3] * 8
    plans = [
        ("drifting_gratings", drifting, 90.29, 60),
        ("static_gratings", static, IMAGE, SHOWN),
        ("natural_scenes", [(float(i),) for i in range(-1, 20)] * 8, IMAGE, SHOWN),
        ("locally_sparse_noise", [(float(i),) for i in range(250)], IMAGE, SHOWN),
    ]
    tables, at = {"spontaneous": pd.DataFrame({"start": [200], "end": [1200]})}, 1300
    for name, conditions, step, length in plans:
        order = rng.permutation(len(conditions)) if name != "locally_sparse_noise" else slice(None)
        names = FEATURES.get(name, ("frame",))
        rows = pd.DataFrame(np.array(conditions)[order], columns=names)
        start = at + (np.arange(len(rows)) * step).astype(int)
        tables[name] = rows.assign(start=start, end=start + length)
        at = int(start[-1]) + 200
    frames = np.tile(np.arange(60), 10)
    start = at + np.round(np.arange(600) * 30.08 / 30).astype(int)
    repeat = np.repeat(np.arange(10), 60)
    movie = pd.DataFrame({"frame": frames, "repeat": repeat, "start": start, "end": start + 1})
    tables["natural_movie_one"] = movie
    return tables, int(start[-1]) + 200


def made_up(n_cells=3, seed=0):
    """Return a session; every cell has preferred conditions, and one more that does nothing but noise."""
    rng = np.random.default_rng(seed)
    tables, n_frames = stimuli(rng)
    template = rng.choice(np.array([0, 127, 255], np.uint8), (250, 16, 28), p=[0.02, 0.96, 0.02])
    rate = np.full((n_cells, n_frames), 0.004)
    for cell in range(n_cells - 1):
        for name, rows in tables.items():
            keys = [c for c in rows if c not in ("start", "end", "repeat", "blank_sweep")]
            liked = rows.groupby(keys).ngroup() % 7 == cell if keys else rows["start"] < 0
            if name == "locally_sparse_noise":
                liked = template[:, 5 + cell, 9] == 255
            for row in rows[np.asarray(liked)].itertuples():
                rate[cell, row.start + 2 : max(row.end, row.start + 1) + 4] = 0.35
    events = rng.poisson(rate) * rng.gamma(4, 0.05, rate.shape)
    decay = np.exp(-np.arange(90) / 12)
    calcium = np.array([np.convolve(row, decay)[:n_frames] for row in events])
    dff = (calcium + 0.03 * rng.standard_normal(rate.shape)).astype(np.float32)
    neuropil = 90 + 5 * rng.standard_normal(rate.shape)
    share = rng.uniform(0.2, 0.8, n_cells)
    base = rng.uniform(150, 400, n_cells)[:, None]
    speed = np.where(np.arange(n_frames) // 300 % 3, 0.2, 12.0) + 0.1 * rng.random(n_frames)
    speed[500:505] = np.nan
    return Session(
        demixed=base * (1 + dff) + share[:, None] * neuropil,
        neuropil=neuropil,
        share=share,
        dff_values=dff,
        event_values=events.astype(np.float32),
        tables=tables,
        speed=speed,
        time_s=8.7 + np.arange(n_frames) * FRAME_S + rng.uniform(-2e-5, 2e-5, n_frames),
        ids=517_000_000 + 3 * np.arange(n_cells),
        template=template,
    )


def write(
    session: Session, path: Path, *, description: str = "SYNTHETIC session for a test"
) -> Path:
    """Write a session as an NWB 1 file."""
    words = {
        "nwb_version": "NWB-1.0.6",
        "session_description": description,
        "general/session_type": "three_session_A",
        "general/session_id": "500000001",
        "general/optophysiology/imaging_plane_1/imaging depth": "175 microns",
        "general/optophysiology/imaging_plane_1/location": "VISp",
    }
    arrays = {
        "DfOverF/imaging_plane_1/data": session.dff_values,
        "DfOverF/imaging_plane_1/timestamps": session.time_s,
        "Fluorescence/imaging_plane_1/data": session.demixed,
        "Fluorescence/imaging_plane_1/timestamps": session.time_s,
        "Fluorescence/imaging_plane_1_demixed_signal/data": session.demixed,
        "Fluorescence/imaging_plane_1_neuropil_response/data": session.neuropil,
        "Fluorescence/imaging_plane_1_neuropil_response/r": session.share,
        "ImageSegmentation/cell_specimen_ids": session.ids,
        "BehavioralTimeSeries/running_speed/data": session.speed,
        "BehavioralTimeSeries/running_speed/timestamps": session.time_s,
    }
    with h5py.File(path, "w") as file:
        for name, word in words.items():
            file[name] = np.bytes_(word.encode())
        file["general/generated_by"] = np.array([b"version", b"3.0"])
        for name, values in arrays.items():
            file[f"{PIPELINE}/{name}"] = values
        for name, rows in session.tables.items():
            _write_stimulus(file, name, rows)
        file["stimulus/templates/locally_sparse_noise_image_stack/data"] = session.template
    return path


def _write_stimulus(file, name, rows):
    group = file.create_group(f"stimulus/presentation/{name}_stimulus")
    frames = rows[["start", "end"]].to_numpy()
    if name == "spontaneous":  # events on and off
        group["data"] = np.tile([1, -1], len(rows))
        group["frame_duration"] = np.repeat(frames.ravel(), 2).reshape(-1, 2)
        return
    group["frame_duration"] = frames
    if name in FEATURES:
        group["data"] = rows[list(FEATURES[name])].to_numpy()
        group["features"] = np.array([word.encode() for word in FEATURES[name]])
    else:
        group["data"] = rows["frame"].to_numpy()


def write_events(session: Session, path: Path) -> Path:
    """Write a session's events as the file of the Observatory has them."""
    np.savez(path, ev=session.event_values)
    return path
