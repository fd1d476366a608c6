"""The demo's session from fluorescence to the metrics of gratings, by events."""

import numpy as np

from allentk.data import Traces
from allentk.io import read_ophys_session
from allentk.responses import drifting_gratings
from allentk.responses.traces import correct_neuropil, dff, events, neuropil_r
from cassettes.make.__main__ import DEMO
from cassettes.make.observatory import DECAY_S, SESSION_ID, tuning


def test_from_fluorescence_to_preferred_directions():
    """Neuropil is mixed in and taken out again; the planted directions come back by events."""
    session = read_ophys_session(DEMO / "bodies" / f"{SESSION_ID}.nwb")
    bright = session.dff(ids=session.cell_specimen_ids[:12])
    rng = np.random.default_rng(0)
    around = 150 + rng.normal(0, 15, bright.values.shape)
    mixed = 300 * (1 + bright.values) + 0.6 * around
    F, N = (Traces(v, bright.time_s, bright.ids, "F") for v in (mixed, around))
    share = neuropil_r(F, N).set_index("cell")["r"]
    assert np.allclose(share, 0.6, atol=0.05)
    found = events(dff(correct_neuropil(F, N, share)), half_life_s=np.log(2) * DECAY_S)
    table = drifting_gratings(found, session.stimulus_table("drifting_gratings"))
    truth = tuning()
    apart = np.abs(table["preferred_direction_deg"].to_numpy() - truth.preferred_deg[:12]) % 180
    oriented = np.minimum(apart, 180 - apart)
    tuned = truth.peak_hz[:12] > 2
    assert (oriented[tuned] <= 45).mean() > 0.7
