"""What the feature vectors are called, how long they are, and how time is cut into bins."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from allentk.errors import FeatureError

__all__ = ["VECTOR_SHAPES", "FeatureVectors", "bin_means", "bin_numbers", "n_bins"]

Array = NDArray[np.float64]

#: Amplitudes of ``step_subthresh``, in pA.
SUBTHRESHOLD_PA = (-90.0, -70.0, -50.0, -30.0, -10.0)
#: Amplitudes above rheobase of the vectors of spiking steps, in pA.
LEVELS_PA = (0.0, 20.0, 40.0, 60.0, 80.0, 100.0)
#: Bins of subthreshold voltages, and what lies on either side of the step; seconds.
VOLTAGE_BIN_S, EXTENT_S = 0.01, 0.2
#: Bins of spike counts, and of instantaneous rates and spike features; seconds.
PSTH_BIN_S, SPIKE_BIN_S = 0.05, 0.02
#: Bins of the trajectory between spikes.
ISI_BINS = 100
#: Samples of an action potential, and their rate: 3 ms.
AP_SAMPLES, AP_RATE_HZ = 150, 50_000.0
#: Columns of the spike table that have a vector ``spiking_<column>``.
SPIKING = ("upstroke_downstroke_ratio", "peak_v", "fast_trough_v", "threshold_v", "width")


def n_bins(duration_s: float, width_s: float) -> int:
    """Return how many bins of a width cover a duration.

    The last bin may reach past the end; a duration that is a whole number of bins but for its rounding
    has that number.

    Examples
    --------
    >>> n_bins(2.02 - 1.02, 0.02), n_bins(0.33, 0.02)
    (50, 17)
    """
    return max(math.ceil(duration_s / width_s - 1e-6), 1)


def shapes(step_s: float) -> dict[str, tuple[int, int]]:
    """Return the parts and the bins of each part of every vector but the chirp's."""
    voltage = n_bins(step_s + 2 * EXTENT_S, VOLTAGE_BIN_S)
    spike = (len(LEVELS_PA), n_bins(step_s, SPIKE_BIN_S))
    return {
        "step_subthresh": (len(SUBTHRESHOLD_PA), voltage),
        "subthresh_norm": (1, voltage),
        "subthresh_depol_norm": (1, voltage),
        "isi_shape": (1, ISI_BINS),
        "first_ap_v": (3, AP_SAMPLES),
        "first_ap_dv": (3, AP_SAMPLES - 1),
        "psth": (len(LEVELS_PA), n_bins(step_s, PSTH_BIN_S)),
        "inst_freq": spike,
        **{f"spiking_{name}": spike for name in SPIKING},
    }


#: Parts and bins per part of each vector, for long squares of 1 s and a chirp of 20 s: ``step_subthresh``
#: has 5 amplitudes, ``first_ap_*`` 3 protocols, the vectors of spiking steps 6 amplitudes, ``chirp``
#: amplitude and phase. Bins of other steps: 10 ms over the step and 0.2 s on either side (subthreshold),
#: 50 ms (``psth``) and 20 ms (``inst_freq``, ``spiking_*``) over the step.
VECTOR_SHAPES: Mapping[str, tuple[int, int]] = MappingProxyType({**shapes(1.0), "chirp": (2, 796)})


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class FeatureVectors(Mapping[str, Array]):
    """Feature vectors by name; the arrays cannot be written to.

    Parameters
    ----------
    arrays : mapping
        Name of `VECTOR_SHAPES` to its values, parts one after the other.
    errors : mapping
        Name to the reason why the vector, or a part of it, is NaN.
    failed : mapping
        Number of a sweep to the reason why it was left out.
    """

    arrays: Mapping[str, Array]
    errors: Mapping[str, str] = field(default_factory=dict)
    failed: Mapping[int, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Array:
        try:
            return self.arrays[name]
        except KeyError as error:
            raise FeatureError(
                f"no feature vector {name!r}; there are {', '.join(self.arrays)}"
            ) from error

    def __contains__(self, name: object) -> bool:
        return name in self.arrays

    def get(self, name: str, default: Array | None = None) -> Array | None:  # type: ignore[override]
        """Return a vector, or `default` where there is none of that name."""
        return self.arrays.get(name, default)

    def __iter__(self) -> Iterator[str]:
        return iter(self.arrays)

    def __len__(self) -> int:
        return len(self.arrays)

    def __repr__(self) -> str:
        nan = [name for name, values in self.arrays.items() if np.isnan(values).all()]
        lacking = f", all NaN: {', '.join(nan)}" if nan else ""
        return f"<FeatureVectors: {len(self)}{lacking}; {len(self.failed)} sweeps left out>"


def bin_means(values: Array, first: int, width: float, count: int) -> Array:
    """Return means of `count` bins of `width` samples from sample `first` on.

    Samples outside the recording and NaN do not count; a bin without any sample is NaN.
    """
    edges = first + np.rint(np.arange(count + 1) * width).astype(np.int64)
    inside = np.clip(edges, 0, values.size)
    part = values[inside[0] : inside[-1]]
    held = np.isfinite(part)
    sums = np.concatenate([np.where(held, part, 0.0), [0.0]])
    counts = np.concatenate([held, [False]]).astype(np.int64)
    at = inside[:-1] - inside[0]
    empty = np.diff(inside) == 0
    total = np.where(empty, 0.0, np.add.reduceat(sums, at))
    number = np.where(empty, 0, np.add.reduceat(counts, at))
    out = np.full(count, np.nan)
    np.divide(total, number, out=out, where=number > 0)
    return out


def bin_numbers(samples: Array, width: float, count: int) -> NDArray[np.int64]:
    """Return the bin of each sample number; the end of the last bin belongs to it."""
    numbers = np.floor(samples / width + 1e-9).astype(np.int64)
    at_end = (numbers == count) & (samples <= count * width + 1e-6)
    return np.where(at_end, count - 1, numbers)
