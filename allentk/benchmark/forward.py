"""Spikes to fluorescence, so that a simulated cell is seen as the microscope would have seen it.

Spikes give calcium, calcium fluorescence, and to that comes noise of the level of a recording. What
follows, dF/F, events and metrics, is what is done with recorded traces.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.signal import lfilter

from allentk.benchmark.indicators import INDICATORS, Indicator, SpikeToCalcium, indicator_of
from allentk.data import NetworkResponse, SpikeTrains, Traces
from allentk.errors import DataError
from allentk.responses.traces import dff, events

__all__ = ["INDICATORS", "Indicator", "SpikeToCalcium", "imaged", "to_fluorescence"]

Array = NDArray[np.float64]

#: Frames per second of the Observatory's microscopes.
FRAME_RATE_HZ = 30.08
#: ``noise_std`` of white Gaussian noise of standard deviation 1.
NOISE_STD_OF_WHITE = 0.9425
_NOISE, _DRIFT, _CALCIUM = range(3)  # what a cell draws, each from a generator of its own
_BLOCK_VALUES = 2**22
_SIGNALS = ("F", "dF/F", "events")
_BASELINES = ("known", "running_median")


def to_fluorescence(
    spikes: SpikeTrains,
    duration_s: float,
    *,
    indicator: str | Indicator | SpikeToCalcium = "GCaMP6f",
    noise_std: ArrayLike = 0.0,
    frame_rate_hz: float = FRAME_RATE_HZ,
    drift: float = 0.0,
    drift_period_s: float = 100.0,
    baseline: float = 1.0,
    seed: int = 0,
    start_s: float = 0.0,
) -> Traces:
    """Return the fluorescence of cells that spike.

    Parameters
    ----------
    spikes : SpikeTrains
        Spikes; those before `start_s` leave their calcium.
    duration_s : float
        Length in seconds; frames are at ``start_s + k / frame_rate_hz``, k from 0, up to its end.
    indicator : str, Indicator or SpikeToCalcium
        ``"GCaMP6f"``, ``"GCaMP6s"``, ``"OGB"``, or one of your own.
    noise_std : float or array_like, shape (n_cells,)
        What ``responses.traces.noise_std`` is to measure, as a fraction of the baseline, such as that of
        the cells of a line; 0 for none.
    frame_rate_hz : float
        Frames per second.
    drift : float
        Root mean square of a slow change of the baseline, as a fraction: a sine of random phase.
    drift_period_s : float
        Its period in seconds.
    baseline : float
        F0, in the unit that the fluorescence is to have.
    seed : int
        Every cell draws from its own generator, so that neither the number of cells nor their order in
        memory matters.
    start_s : float
        Time of the first frame in seconds.

    Returns
    -------
    Traces
        Of unit ``"F"``: F0 ((1 + dF/F) (1 + drift) + noise); ids are the cells' numbers.

    Raises
    ------
    DataError
        For spikes of another type, an unknown indicator, or a number out of range.

    Notes
    -----
    Calcium decays exactly between spikes and frames. The models are those of MLspike (Deneux et al. 2016,
    Nat Commun 7:12190) and of Wei et al. 2020.

    Examples
    --------
    >>> one = to_fluorescence(SpikeTrains([0.0], [0], 1), 1.0, indicator="OGB")
    >>> one.values[0, 0].round(3), one.time_s.size
    (np.float64(1.049), 31)
    """
    if not isinstance(spikes, SpikeTrains):
        raise DataError(f"to_fluorescence: expected SpikeTrains, got a {type(spikes).__name__}")
    model = indicator_of(indicator)
    for name, value in (
        ("duration_s", duration_s),
        ("frame_rate_hz", frame_rate_hz),
        ("drift_period_s", drift_period_s),
        ("baseline", baseline),
    ):
        _check_above_zero(name, value)
    noise = _per_cell(noise_std, spikes.n_cells)
    if not (drift >= 0 and math.isfinite(drift)):
        raise DataError(f"to_fluorescence: drift must not be negative, got {drift!r}")
    time_s = start_s + np.arange(math.floor(duration_s * frame_rate_hz + 1e-9) + 1) / frame_rate_hz
    out = np.empty((spikes.n_cells, time_s.size))
    for cells in _blocks(spikes.n_cells, time_s.size):
        calcium = _calcium(spikes, cells, time_s, model)
        if isinstance(model, SpikeToCalcium) and model.calcium_noise_std:
            for row, cell in enumerate(cells):
                draw = np.random.default_rng([seed, cell, _CALCIUM])
                calcium[row] += draw.normal(0.0, model.calcium_noise_std, time_s.size)
        found = 1 + model.dff(calcium, 1 / frame_rate_hz)
        for row, cell in enumerate(cells):
            if drift:
                start = np.random.default_rng([seed, cell, _DRIFT]).random()
                phase = 2 * np.pi * (start + time_s / drift_period_s)
                found[row] *= 1 + math.sqrt(2) * drift * np.sin(phase)
            if noise[cell]:
                draw = np.random.default_rng([seed, cell, _NOISE])
                found[row] += draw.normal(0.0, noise[cell] / NOISE_STD_OF_WHITE, time_s.size)
        out[cells.start : cells.stop] = baseline * found
    out.flags.writeable = False
    return Traces(out, time_s, np.arange(spikes.n_cells), "F")


def imaged(
    response: NetworkResponse,
    *,
    indicator: str | Indicator | SpikeToCalcium = "GCaMP6f",
    signal: str = "dF/F",
    noise_std: ArrayLike | Mapping[str, ArrayLike] = 0.0,
    half_life_s: float | None = None,
    baseline: str = "known",
    frame_rate_hz: float = FRAME_RATE_HZ,
    drift: float = 0.0,
    seed: int = 0,
) -> dict[str, Traces]:
    """Return what a microscope would have seen of a network, population by population.

    Parameters
    ----------
    response : NetworkResponse
        A simulated response; its presentations go with the traces to the functions of ``responses``.
    indicator, frame_rate_hz, drift
        As for ``to_fluorescence``.
    signal : {"F", "dF/F", "events"}
        What to return: of ``responses`` the definition "warehouse" is of "F", "paper2020" of "events".
    noise_std : float, or mapping of str to float or array_like
        As for ``to_fluorescence``, a fraction of the baseline; of every population where it is a mapping.
    half_life_s : float, optional
        With which events are found; by default that of the indicator's decay, decay_s ln 2.
    baseline : {"known", "running_median"}
        dF/F against the baseline that the model has, or as of a recording (``responses.traces.dff``), which
        needs more than 180 s.
    seed : int
        A population draws by its name, so that the others do not matter.

    Returns
    -------
    dict of str to Traces
        By population; ids are the nodes.

    Raises
    ------
    DataError
        For a response of another type, an unknown word, or as ``to_fluorescence``, ``dff`` and ``events``.

    Examples
    --------
    >>> response = NetworkResponse({"Cux2": SpikeTrains([0.5], [0], 2)}, duration_s=2.0)
    >>> imaged(response, signal="F", noise_std=0.05)
    {'Cux2': <Traces: F of 2 cells, 61 frames>}
    """
    if not isinstance(response, NetworkResponse):
        raise DataError(f"imaged: expected a NetworkResponse, got a {type(response).__name__}")
    if signal not in _SIGNALS or baseline not in _BASELINES:
        raise DataError(
            f"imaged: signal is one of {_SIGNALS} and baseline one of {_BASELINES}, got {signal!r} and "
            f"{baseline!r}"
        )
    model = indicator_of(indicator)
    fading = math.log(2) * model.decay_s if half_life_s is None else half_life_s
    seen = {}
    for name, trains in response.spikes.items():
        fluorescence = to_fluorescence(
            trains,
            response.duration_s,
            indicator=model,
            noise_std=_of(noise_std, name),
            frame_rate_hz=frame_rate_hz,
            drift=drift,
            seed=_seed(seed, name),
        )
        seen[name] = _as_signal(fluorescence, signal, baseline, fading)
    return seen


def _as_signal(fluorescence: Traces, signal: str, baseline: str, half_life: float) -> Traces:
    if signal == "F":
        return fluorescence
    if baseline == "known":
        values = fluorescence.values - 1.0
        values.flags.writeable = False
        bright = Traces(values, fluorescence.time_s, fluorescence.ids, "dF/F")
    else:
        bright = dff(fluorescence)
    return bright if signal == "dF/F" else events(bright, half_life_s=half_life)


def _of(noise_std: ArrayLike | Mapping[str, ArrayLike], population: str) -> ArrayLike:
    if not isinstance(noise_std, Mapping):
        return noise_std
    if population not in noise_std:
        raise DataError(
            f"imaged: noise_std has no population {population!r}; it has {sorted(noise_std)}"
        )
    return noise_std[population]


def _seed(seed: int, population: str) -> int:
    """Return the seed of a population, by its name."""
    words = np.random.SeedSequence([seed, zlib.crc32(population.encode())])
    return int(words.generate_state(1, np.uint64)[0])


def _check_above_zero(name: str, value: float) -> None:
    if not (value > 0 and math.isfinite(value)):
        raise DataError(f"to_fluorescence: {name} must be above 0, got {value!r}")


def _per_cell(noise_std: ArrayLike, n_cells: int) -> Array:
    noise = np.asarray(noise_std, dtype=float)
    if noise.ndim == 0:
        noise = np.full(n_cells, float(noise))
    if noise.shape != (n_cells,) or not (np.isfinite(noise) & (noise >= 0)).all():
        raise DataError(
            f"to_fluorescence: noise_std must be one number or one per cell, {n_cells}, none negative; got "
            f"shape {noise.shape}"
        )
    return noise


def _blocks(n_cells: int, n_frames: int) -> Iterator[range]:
    step = max(_BLOCK_VALUES // n_frames, 1)
    for first in range(0, n_cells, step):
        yield range(first, min(first + step, n_cells))


def _calcium(
    spikes: SpikeTrains, cells: range, time_s: Array, model: Indicator | SpikeToCalcium
) -> Array:
    """Return calcium at every frame, exact for spikes between two."""
    mine = (spikes.ids >= cells.start) & (spikes.ids < cells.stop) & (spikes.times_s <= time_s[-1])
    times, rows = spikes.times_s[mine], spikes.ids[mine] - cells.start
    # The frame that first sees a spike; a spike on a frame is seen by it.
    frame = np.searchsorted(time_s, times, side="left")
    late = time_s[frame] - times
    shape = (len(cells), time_s.size)
    frame_s = float(time_s[1] - time_s[0]) if time_s.size > 1 else 1.0
    total = np.zeros(shape)
    for weight, decay_s in model.decays:
        place = np.ravel_multi_index((rows, frame), shape)
        arrived = np.bincount(
            place, weights=weight * np.exp(-late / decay_s), minlength=shape[0] * shape[1]
        )
        total += lfilter([1.0], [1.0, -math.exp(-frame_s / decay_s)], arrived.reshape(shape))
    return total
