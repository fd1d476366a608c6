"""The fit of a cell on one page: scores of the levels, how they came about, spikes, voltage."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from allentk.data import SweepSet
from allentk.errors import FitError
from allentk.fitting import FitResult, LevelFits, score_trains
from allentk.fitting.recording import DT_S
from allentk.report.figures import COLOURS, Figure, canvas, level_colour, marked, styled
from allentk.report.fit_figures import STRETCH_S, Holdout, raster, trains_of, voltages
from allentk.report.text import counted
from allentk.simulation import simulate

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["fit_figure"]

Array = NDArray[np.float64]

#: Inches of scores and history, of the voltage.
_TOP_IN, _VOLTAGE_IN = 2.6, 2.5


@styled
def fit_figure(
    sweeps: SweepSet,
    fits: LevelFits,
    *,
    test: str = "Noise 2",
    mark_chosen: bool = True,
    synthetic: bool | None = None,
) -> Figure:
    """Draw the fitted levels of a cell on one page.

    The scores of every level, the chosen one marked; the training score as the fit went on; the spikes
    of the cell and of every level; and recorded and fitted voltage where the level to take does best
    and where it does worst. Spikes and voltage are of the hold-out stimulus, or of the training sweeps
    where there is none, and say which.

    Parameters
    ----------
    sweeps : SweepSet
        The recording.
    fits : LevelFits
        What ``allentk.fitting.fit_levels`` returns.
    test : str
        Name of the hold-out stimulus.
    mark_chosen : bool
        Mark the chosen level; without it the voltage is that of the highest level.
    synthetic : bool, optional
        Mark the figure; by default as the recording says.

    Returns
    -------
    matplotlib.figure.Figure
        Not shown; ``figure.savefig(path)`` writes it.

    Raises
    ------
    FitError
        Where no level was fitted.

    Examples
    --------
    >>> figure = fit_figure(sweeps, fits)  # doctest: +SKIP
    >>> figure.savefig("fit.svg")  # doctest: +SKIP
    """
    results = {level: fits.fits[level] for level in fits.levels if level in fits.fits}
    if not results:
        raise FitError("there is no fit to draw: no level was fitted")
    level = fits.chosen if mark_chosen else max(results)
    held, is_held_out = _played(sweeps, results, test)
    spikes_in = 0.22 * (len(held.trials_s) + len(results)) + 0.9
    heights = (_TOP_IN, spikes_in, _VOLTAGE_IN)
    figure, axes = canvas(9.6, sum(heights))
    axes[0, 0].remove()
    lines: Any = figure.subfigures(3, 1, height_ratios=heights)
    top, middle, bottom = lines
    scores, history = top.subplots(1, 2)
    _scores(scores, _score_lines(results, held, is_held_out), list(results))
    if mark_chosen:
        _mark(scores, list(results).index(level), f"GLIF{level} is chosen")
    _history(history, results)
    _spikes(middle.subplots(1, 1), held, is_held_out)
    for panel, (what, span) in zip(bottom.subplots(1, 2), _stretches(held, level), strict=True):
        voltages(panel, replace(held, models={level: held.models[level]}, span_s=span))
        panel.set(title=f"GLIF{level}, {what}", xlabel="time (s)", xlim=span)
    made_up = bool(sweeps.metadata.get("synthetic")) if synthetic is None else synthetic
    return marked(figure, made_up)


def _played(sweeps: SweepSet, results: dict[int, FitResult], test: str) -> tuple[Holdout, bool]:
    """Run the models on the hold-out stimulus, or on the one fitted to; say whether it was held out."""
    fitted_to = set(next(iter(results.values())).sweeps)
    chosen = sweeps.where(clamp="current", stimulus=test)
    if not len(chosen):
        chosen = sweeps.where(clamp="current", number=sorted(fitted_to))
    first = chosen[0]
    models = {
        level: simulate(
            result.model, first.current_pa, sampling_rate_hz=first.sampling_rate_hz, dt_s=DT_S
        )
        for level, result in sorted(results.items())
    }
    held = Holdout(first, trains_of(chosen), models, (0.0, first.duration_s))
    return held, not fitted_to & set(chosen.numbers)


def _score(held: Holdout, level: int, start: float, stop: float) -> float:
    """Return the explained-variance ratio of a stretch; NaN where no trial has a spike in it."""
    model, *trials = (
        train[(train >= start) & (train < stop)] - start
        for train in (held.models[level].spike_times_s, *held.trials_s)
    )
    if not any(trial.size for trial in trials):
        return math.nan
    return score_trains(model, trials, stop - start)["ratio"]


def _stretches(held: Holdout, level: int) -> list[tuple[str, tuple[float, float]]]:
    """Return the stretches that a level predicts best and worst, with what to call them."""
    duration = held.sweep.duration_s
    length = min(STRETCH_S, duration)
    starts = np.arange(0.0, duration - length + 1e-9, length / 2)
    scores = np.array([_score(held, level, start, start + length) for start in starts])
    if np.isnan(scores).all():
        span = (0.0, length)
        return [("no spike recorded", span), ("no spike recorded", span)]
    found = {"best": int(np.nanargmax(scores)), "worst": int(np.nanargmin(scores))}
    return [
        (f"{name} {length:.3g} s: ratio {scores[at]:.2f}", (starts[at], starts[at] + length))
        for name, at in found.items()
    ]


def _spikes(axes: Axes, held: Holdout, is_held_out: bool) -> None:
    raster(axes, held)
    name = held.sweep.stimulus or "a stimulus without a name"
    used = "not used for the fit" if is_held_out else "used for the fit"
    trials = counted(len(held.trials_s), "trial")
    axes.set(
        title=f"Spikes in {name}, {used}: {trials} and the models",
        xlim=held.span_s,
        xlabel="time (s)",
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Line:
    """A score of every level, and how it is drawn."""

    name: str
    marker: str
    colour: str
    values: Sequence[float]
    spread: Sequence[float] | None = None


def _scores(axes: Axes, lines: Sequence[_Line], levels: Sequence[int]) -> None:
    for number, line in enumerate(lines):
        # Side by side, so that equal scores are all seen.
        at = np.arange(len(levels)) + 0.12 * (number - (len(lines) - 1) / 2)
        axes.errorbar(
            at,
            line.values,
            line.spread,
            fmt=line.marker,
            ls=":",
            lw=0.8,
            elinewidth=1.0,
            color=COLOURS[line.colour],
            label=line.name,
        )
    axes.set_xticks(range(len(levels)), [f"GLIF{level}" for level in levels])
    axes.set(
        ylabel="explained-variance ratio",
        xlim=(-0.5, len(levels) - 0.5),
        title="Scores of the levels",
    )
    axes.legend(loc="best")


def _mark(axes: Axes, position: int, title: str) -> None:
    """Shade the chosen level."""
    axes.axvspan(position - 0.4, position + 0.4, color=COLOURS["pale"], alpha=0.6, zorder=0)
    axes.set_title(title)


def _score_lines(
    results: dict[int, FitResult], held: Holdout, is_held_out: bool
) -> Sequence[_Line]:
    fits = list(results.values())
    lines = [_Line("training", "s", "grey", [fit.score for fit in fits])]
    if any(math.isfinite(fit.cv_score) for fit in fits):
        scores, spread = [fit.cv_score for fit in fits], [fit.cv_sd for fit in fits]
        lines.append(_Line("cross-validated (± SD over folds)", "o", "blue", scores, spread))
    if is_held_out:
        held_out = [_score(held, level, 0.0, held.sweep.duration_s) for level in results]
        lines.append(_Line("hold-out", "D", "vermilion", held_out))
    return lines


def _history(axes: Axes, results: dict[int, FitResult]) -> None:
    for level, result in results.items():
        axes.plot(
            result.history["evaluations"].to_numpy(float),
            result.history["score"].to_numpy(float),
            drawstyle="steps-post",
            marker=".",
            color=level_colour(level),
            label=f"GLIF{level}",
        )
    axes.set(xlabel="evaluations", ylabel="training score", title="How the fit went on")
    axes.legend(loc="best", ncols=2)
