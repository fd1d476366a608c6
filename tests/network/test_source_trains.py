"""Spikes of a source do not depend on how time and cells are divided."""

import itertools
import math

import numpy as np
import pytest

from allentk.errors import DataError
from allentk.network import visual
from allentk.network.lgn_v1 import v1_lgn
from allentk.network.source_trains import source_trains

LGN, _ = v1_lgn(within_deg=(13.0, 11.0), seed=4)
SHOWN = visual.drifting_gratings(
    n_repeats=1, directions_deg=(0.0, 90.0), temporal_frequencies_hz=(4.0,), gap_s=0.2
)


def test_windows_do_not_matter():
    assert LGN.n_nodes > 256  # two streams per second
    whole = source_trains(LGN, SHOWN, 0.0, 2.7, seed=7)
    edges = (0.0, 0.25, 1.0, 1.7, 1.701, 2.7)
    parts = [source_trains(LGN, SHOWN, a, b, seed=7) for a, b in itertools.pairwise(edges)]
    assert np.concatenate([p.times_s for p in parts]).tolist() == whole.times_s.tolist()
    assert np.concatenate([p.ids for p in parts]).tolist() == whole.ids.tolist()


def test_longer_runs_begin_alike():
    short, long = (source_trains(LGN, SHOWN, 0.0, end, seed=7) for end in (1.4, 2.6))
    n = short.times_s.size
    assert long.times_s[:n].tolist() == short.times_s.tolist()


def test_the_seed_matters():
    one, other = (source_trains(LGN, SHOWN, 0.0, 1.0, seed=s) for s in (1, 2))
    assert one.times_s.tolist() != other.times_s.tolist()


def test_counts_follow_the_rates():
    trains = source_trains(LGN, SHOWN, seed=3)
    rates = LGN.rates_hz(SHOWN, 0.0, SHOWN.duration_s)
    expected = rates.sum(axis=1) * 1e-3
    counts = np.bincount(trains.ids, minlength=LGN.n_nodes)
    assert abs(counts.sum() - expected.sum()) < 4 * math.sqrt(expected.sum())
    # Poisson: the squared deviations are as large as the expectation, on average
    fit = ((counts - expected) ** 2 / expected).mean()
    assert fit == pytest.approx(1.0, abs=4 * math.sqrt(2 / LGN.n_nodes) + 0.05)


def test_refuses():
    for span in ((0.0, 0.0), (-1.0, 1.0), (2.0, 1.0), (0.0, math.inf)):
        with pytest.raises(DataError, match="source_trains"):
            source_trains(LGN, SHOWN, *span)
    with pytest.raises(DataError, match="seed"):
        source_trains(LGN, SHOWN, 0.0, 1.0, seed=-1)
