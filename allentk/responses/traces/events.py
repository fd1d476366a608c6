"""dF/F to events: when a cell's calcium jumped, and how far."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from allentk.data import Traces
from allentk.data._arrays import frozen
from allentk.errors import DataError
from allentk.responses.checks import check_whole, positive
from allentk.responses.definition import chosen
from allentk.responses.frames import frame_rate_hz
from allentk.responses.traces.checks import check_window, given, made, tell, unmeasured
from allentk.responses.traces.half_lives import half_life_s as half_life_of
from allentk.responses.traces.l0 import fit_l0
from allentk.responses.traces.noise import NOISE_WINDOW, trace_noise_std
from allentk.responses.traces.quirks import QUIRKS

__all__ = ["events", "filtered_events"]

Array = NDArray[np.float64]
_RIGHT, _DOUBLINGS = 1.0, 40
_MOST_TAPS = 100_000
_PUBLISHED_DOUBLINGS, _PUBLISHED_STEPS = 21, 101


def events(
    traces: Traces,
    *,
    genotype: str | None = None,
    half_life_s: float | None = None,
    smallest: float = 2.0,
    noise: ArrayLike | None = None,
    precision: float = 1e-4,
    quirks: str | Iterable[str] = (),
) -> Traces:
    """Return the events of every cell, by an L0 penalty that leaves none within the noise.

    Parameters
    ----------
    traces : Traces
        Of unit ``"dF/F"``.
    genotype : str, optional
        The line, from which the half-life follows (``half_life_s``).
    half_life_s : float, optional
        Half-life of the fluorescence in seconds; this or `genotype` must be given.
    smallest : float
        Least size of an event, in units of the noise's standard deviation.
    noise : array_like, shape (n_cells,), optional
        Standard deviation of every cell's noise; by default ``noise_std(traces)``.
    precision : float
        Width of the interval of the penalty, in its unit, at which its bisection ends.
    quirks : str or iterable of str
        ``"half_width_middle"``, ``"thirty_hz"``, or ``"published"``.

    Returns
    -------
    Traces
        Of unit ``"events"``: the jump of calcium in dF/F in the frame in which it jumps up, 0 elsewhere.
        A cell whose frames or noise are not finite is NaN, with one warning.

    Raises
    ------
    DataError
        Where the traces are of another unit, neither or both of genotype and half-life are given, or a
        number is out of range.

    Notes
    -----
    The fit is that of ``fit_l0``. The penalty is bisected between 0 and 1 (the upper end doubled where it
    still leaves small events) for the least one that leaves no event below `smallest` standard deviations
    (de Vries et al. 2020, Nat Neurosci 23:138).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> clock = np.arange(600) / 30
    >>> calcium = np.where(clock < 10, 0, 0.5 ** ((clock - 10) / 0.3))
    >>> dff = Traces([calcium + rng.normal(0, 0.02, 600)], clock, [1])
    >>> found = events(dff, half_life_s=0.3, smallest=5)
    >>> np.flatnonzero(found.values[0]).tolist()
    [300]
    """
    traces = given(traces, "dF/F", "events")
    names = chosen(quirks, QUIRKS)
    rate = 30.0 if "thirty_hz" in names else frame_rate_hz(traces)
    gamma = _decay(genotype, half_life_s, rate)
    smallest, precision = positive("smallest", smallest), positive("precision", precision)
    search = _published_search if "half_width_middle" in names else _search
    wrong = unmeasured(traces)
    level = _noise(traces, noise, wrong)
    out = np.full(traces.values.shape, np.nan, dtype=traces.values.dtype)
    for row, values in enumerate(traces.values):
        if row not in wrong:
            fits = _Fits(values.astype(float), gamma)
            out[row] = search(fits, smallest * level[row], precision)
    tell("events", traces.ids, wrong)
    return made(out, traces, "events")


def _decay(genotype: str | None, half_life: float | None, rate_hz: float) -> float:
    """Return the decay of calcium from frame to frame."""
    if (genotype is None) == (half_life is None):
        raise DataError(
            "events: give either the genotype, such as genotype='Cux2-CreERT2;...;Ai93(TITL-GCaMP6f)', or "
            "the half-life of the fluorescence, such as half_life_s=0.315"
        )
    seconds = positive("half_life_s", half_life) if genotype is None else half_life_of(genotype)
    return math.exp(-math.log(2) / (seconds * rate_hz))


def _noise(traces: Traces, noise: ArrayLike | None, wrong: dict[int, str]) -> Array:
    """Return the noise of every cell; note those without."""
    if noise is None:
        check_window(NOISE_WINDOW, traces.time_s.size, "events")
        level = np.array(
            [
                np.nan if row in wrong else trace_noise_std(values, NOISE_WINDOW, "mirror")
                for row, values in enumerate(traces.values)
            ],
            dtype=float,
        )
    else:
        level = frozen(noise, what="events: noise")
        if level.shape != (traces.n_cells,):
            raise DataError(
                f"events: expected one noise per cell, {traces.n_cells}, got shape {level.shape}"
            )
    for row in np.flatnonzero(~(np.isfinite(level) & (level >= 0))):
        wrong.setdefault(int(row), "it has no noise to measure events by")
    return level


@dataclass(slots=True)
class _Fits:
    """The events of one trace by penalty; each fitted once."""

    trace: Array
    gamma: float
    _held: dict[float, tuple[Array, float]] = field(default_factory=dict)

    def _of(self, penalty: float) -> tuple[Array, float]:
        if penalty not in self._held:
            if len(self._held) > 4:
                self._held.pop(next(iter(self._held)))
            found = fit_l0(self.trace, self.gamma, penalty).events
            self._held[penalty] = found, float(found.min(initial=np.inf, where=found > 0))
        return self._held[penalty]

    def events(self, penalty: float) -> Array:
        return self._of(penalty)[0]

    def least(self, penalty: float) -> float:
        """Return the size of the smallest event; infinite where there is none."""
        return self._of(penalty)[1]


def _doubled(good: Callable[[float], bool], most: int) -> float:
    right = _RIGHT
    for _ in range(most):
        if good(right):
            break
        right *= 2
    return right


def _search(fits: _Fits, threshold: float, precision: float) -> Array:
    """Return the events at the least penalty that leaves none below the threshold."""

    def good(penalty: float) -> bool:
        return fits.least(penalty) >= threshold

    left, right = 0.0, _doubled(good, _DOUBLINGS)
    while right - left >= precision:
        middle = (left + right) / 2
        if not left < middle < right:
            break
        if good(middle):
            right = middle
        else:
            left = middle
    return fits.events(right)


def _published_search(fits: _Fits, threshold: float, precision: float) -> Array:
    """Return the events where the published search ends."""
    left, right = (
        0.0,
        _doubled(lambda penalty: math.isinf(fits.least(penalty)), _PUBLISHED_DOUBLINGS),
    )
    tried = right
    for _ in range(_PUBLISHED_STEPS):
        if right - left < precision:
            break
        tried = (right - left) / 2
        at_left = fits.least(left)
        if math.isinf(at_left):
            left = max(0.0, left - tried)
        elif at_left == fits.least(right):
            left, right = max(0.0, left - tried), left
        elif at_left < threshold and fits.least(tried) < threshold:
            left = tried
        else:
            right = tried
    return fits.events(tried)


def filtered_events(traces: Traces, *, scale_s: float = 2 / 31, n_taps: int = 20) -> Traces:
    """Return events smoothed by half a Gaussian that looks back, as Visual Behavior shows them.

    Parameters
    ----------
    traces : Traces
        Of unit ``"events"``.
    scale_s : float
        Standard deviation of the Gaussian in seconds.
    n_taps : int
        Frames of the filter, the present one included.

    Returns
    -------
    Traces
        Of unit ``"events"``, in double precision; the sum of a cell's events stays but for the last
        frames. NaN from a frame that is not finite on, for as long as the filter reaches.

    Raises
    ------
    DataError
        Where the traces are of another unit or of fewer than two frames, or a number is out of range.

    Notes
    -----
    The weight of k frames ago is proportional to exp(-(k / s)^2 / 2), s the scale in frames (AllenSDK
    ``brain_observatory.behavior.event_detection``).

    Examples
    --------
    >>> one = Traces([[0.0, 1, 0, 0]], np.arange(4) / 31, [1], "events")
    >>> filtered_events(one).values.round(3).tolist()
    [[0.0, 0.333, 0.294, 0.202]]
    """
    traces = given(traces, "events", "filtered_events")
    check_whole("n_taps", n_taps, least=1, most=_MOST_TAPS)
    scale = positive("scale_s", scale_s) * frame_rate_hz(traces)
    weights = np.exp(-0.5 * (np.arange(n_taps) / scale) ** 2)
    weights /= weights.sum()
    out = np.empty(traces.values.shape)
    for row, values in enumerate(traces.values):
        out[row] = np.convolve(values, weights)[: values.size]
    return made(out, traces, "events")
