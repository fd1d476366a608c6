"""The features of eFEL by their names, at the sampling rate of the sweep."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable
from typing import Any

from numpy.typing import NDArray

from allentk.data import Sweep
from allentk.errors import FeatureError
from allentk.features._efel.catalogue import CATALOGUE
from allentk.features._efel.settings import EfelSettings
from allentk.features._efel.trace import Trace

__all__ = ["EFEL_NAMES", "EfelSettings", "efel"]

#: Every name that `efel` knows.
EFEL_NAMES: tuple[str, ...] = tuple(CATALOGUE)


def efel(
    sweep: Sweep,
    names: Iterable[str] | None = None,
    *,
    threshold_mv: float = -20.0,
    derivative_threshold: float = 10.0,
    stim_start_s: float | None = None,
    stim_end_s: float | None = None,
    settings: EfelSettings | None = None,
) -> dict[str, NDArray[Any] | None]:
    """Measure features by the names and definitions of eFEL.

    Unlike eFEL, which first draws every trace anew in steps of 0.1 ms, the sweep is taken as it was
    sampled: values are those of eFEL with ``interp_step`` at the sampling interval. The page
    ``docs/efel.md`` says what each name is and where it differs.

    Parameters
    ----------
    sweep : Sweep
        Its stimulus window is what eFEL calls ``stim_start`` and ``stim_end``.
    names : iterable of str, optional
        Names of `EFEL_NAMES`; all of them by default.
    threshold_mv : float
        A spike crosses this upwards and back; ``Threshold``.
    derivative_threshold : float
        A spike begins where dv/dt rises above this, in mV/ms; ``DerivativeThreshold``.
    stim_start_s, stim_end_s : float, optional
        Stimulus window in s, where the sweep's own is unknown or not what is meant.
    settings : EfelSettings, optional
        What else eFEL lets set.

    Returns
    -------
    dict of str to ndarray or None
        In the order of `names`, units of eFEL: ms from the start of the sweep, mV, V/s, Hz, nA, MOhm.
        None where the feature cannot be measured, as eFEL does.

    Raises
    ------
    FeatureError
        On a voltage-clamp sweep, a NaN before the recording's end, a name that there is not, a window
        outside the sweep, and where a feature needs the window and none is known.

    Examples
    --------
    >>> from allentk.data import Sweep
    >>> voltage = [-70.0] * 100 + [-30.0, 10.0, 30.0, 0.0, -40.0] + [-75.0] * 95
    >>> sweep = Sweep(voltage, [0.0] * 200, 10_000.0, start_s=0.005, stop_s=0.015)
    >>> measured = efel(sweep, ["peak_time", "AHP_depth", "doublet_ISI"])
    >>> measured["peak_time"].tolist(), measured["AHP_depth"].tolist(), measured["doublet_ISI"]
    ([10.200000000000001], [-5.0], None)

    References
    ----------
    .. [1] eFEL, the Electrophys Feature Extraction Library, https://doi.org/10.5281/zenodo.593869
    """
    wanted = list(EFEL_NAMES if names is None else [names] if isinstance(names, str) else names)
    for name in wanted:
        if name not in CATALOGUE:
            raise FeatureError(_unknown(name))
    if sweep.clamp != "current":
        raise FeatureError(f"{sweep.label}: a voltage-clamp sweep has no spikes to measure")
    trace = Trace(
        sweep,
        settings or EfelSettings(),
        threshold_mv=threshold_mv,
        derivative_threshold=derivative_threshold,
        window_ms=_window_ms(sweep, stim_start_s, stim_end_s),
    )
    return {name: _measured(trace, name) for name in wanted}


def _measured(trace: Trace, name: str) -> NDArray[Any] | None:
    try:
        return CATALOGUE[name].measure(trace)
    except FeatureError as error:
        raise FeatureError(f"{trace.sweep.label}: {name}: {error}") from error


def _unknown(name: str) -> str:
    near = difflib.get_close_matches(name, EFEL_NAMES, n=3, cutoff=0.5)
    meant = f"did you mean {' or '.join(map(repr, near))}? " if near else ""
    return f"no eFEL feature {name!r}: {meant}features.EFEL_NAMES lists all {len(EFEL_NAMES)}"


def _window_ms(
    sweep: Sweep, stim_start_s: float | None, stim_end_s: float | None
) -> tuple[float, float] | None:
    start = sweep.start_s if stim_start_s is None else stim_start_s
    end = sweep.stop_s if stim_end_s is None else stim_end_s
    if math.isnan(start) or math.isnan(end):
        return None
    if not 0 <= start <= end <= sweep.duration_s + 1 / sweep.sampling_rate_hz:
        raise FeatureError(
            f"{sweep.label}: the stimulus window {start}..{end} s does not lie inside the sweep of "
            f"{sweep.duration_s:.6g} s; give stim_start_s and stim_end_s inside it"
        )
    return 1000.0 * start, 1000.0 * end
