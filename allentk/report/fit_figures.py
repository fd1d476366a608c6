"""Figures of fits: recorded against fitted voltage and spikes on hold-out noise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from allentk import features
from allentk.data import Response, Sweep, SweepSet
from allentk.fitting import GLIFFitter
from allentk.fitting.recording import DT_S
from allentk.report.figures import COLOURS, Figure, canvas, level_colour, marked, styled, thinned
from allentk.report.text import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["STRETCH_S", "Holdout", "holdout", "holdout_figure", "raster", "trains_of", "voltages"]

Array = NDArray[np.float64]

#: Length of the stretch that is shown, in seconds.
STRETCH_S = 1.5


@dataclass(frozen=True, slots=True, eq=False)
class Holdout:
    """A stretch of the hold-out stimulus: the first sweep, all trials' spikes, the models' answers."""

    sweep: Sweep
    trials_s: Sequence[Array]
    models: Mapping[int, Response]
    span_s: tuple[float, float]


def holdout(sweeps: SweepSet, fits: Mapping[int, GLIFFitter]) -> Holdout | None:
    """Run the fitted models on the hold-out stimulus; None where it was not recorded.

    Trials are the sweeps of the stimulus the fit was told to leave out whose length is that of the first.
    The stretch is centred on the median recorded spike, whatever the models do there.
    """
    if not fits:
        return None
    stimulus = next(iter(fits.values())).test
    chosen = sweeps.where(clamp="current", stimulus=stimulus)
    if not len(chosen):
        return None
    first, trains = chosen[0], trains_of(chosen)
    models = {
        level: fit.predict(first.current_pa, sampling_rate_hz=first.sampling_rate_hz, dt_s=DT_S)
        for level, fit in sorted(fits.items())
    }
    return Holdout(first, trains, models, _stretch(trains, first.duration_s))


def trains_of(chosen: SweepSet) -> list[Array]:
    """Return the spike times of the sweeps whose length is that of the first, in seconds."""
    size = chosen[0].n_samples
    return [
        features.spikes(sweep)["threshold_t"].to_numpy(float)
        for sweep in chosen
        if sweep.n_samples == size
    ]


def _stretch(trains: Sequence[Array], duration_s: float) -> tuple[float, float]:
    spikes = np.sort(np.concatenate(trains))
    centre = float(spikes[spikes.size // 2]) if spikes.size else duration_s / 2
    start = min(max(centre - STRETCH_S / 2, 0.0), max(duration_s - STRETCH_S, 0.0))
    return start, min(start + STRETCH_S, duration_s)


@styled
def holdout_figure(held: Holdout, *, synthetic: bool = False) -> Figure:
    """Draw recorded and fitted voltage, the spikes of all trials and models, and the current."""
    levels = list(held.models)
    rows = len(held.trials_s) + len(levels)
    heights = [2.6, 0.22 * rows + 0.3, 0.8]
    figure, axes = canvas(9.6, sum(heights) + 0.7, 3, 1, sharex=True, heights=heights)
    voltage, rasters, current = axes[:, 0]
    voltages(voltage, held)
    voltage.set_title(f"{held.sweep.stimulus}, not used for the fit")
    raster(rasters, held)
    start, stop = held.span_s
    first, last = held.sweep.index(start), held.sweep.index(stop)
    time = np.arange(first, last) / held.sweep.sampling_rate_hz
    current.plot(*thinned(time, held.sweep.current_pa[first:last]), color=COLOURS["black"], lw=0.8)
    current.set(xlabel="time (s)", ylabel="current\n(pA)", xlim=(start, stop))
    return marked(figure, synthetic)


def voltages(axes: Axes, held: Holdout) -> None:
    """Draw the first sweep and the models in the stretch."""
    start, stop = held.span_s
    sweep = held.sweep
    first, last = sweep.index(start), sweep.index(stop)
    time = np.arange(first, last) / sweep.sampling_rate_hz
    axes.plot(
        *thinned(time, sweep.voltage_mv[first:last]),
        color=COLOURS["grey"],
        lw=1.0,
        label=f"data, sweep {sweep.number}",
    )
    for level, response in held.models.items():
        a, b = round(start / response.dt_s), round(stop / response.dt_s)
        axes.plot(
            *thinned(np.arange(a, b) * response.dt_s, response.voltage_mv[a:b]),
            color=level_colour(level),
            lw=1.1,
            label=f"GLIF{level}",
        )
    axes.set_ylabel("voltage (mV)")
    low, high = axes.get_ylim()
    axes.set_ylim(low, high + 0.18 * (high - low))
    axes.legend(loc="upper left", ncols=4)


def raster(axes: Axes, held: Holdout) -> None:
    """Draw the spikes of all trials and models in the stretch."""
    start, stop = held.span_s
    trains: list[tuple[str, Array, Any]] = [
        (f"trial {k}", train, COLOURS["black"]) for k, train in enumerate(held.trials_s, start=1)
    ]
    trains += [
        (f"GLIF{level}", response.spike_times_s, level_colour(level))
        for level, response in held.models.items()
    ]
    for row, (_, train, colour) in enumerate(trains):
        inside = train[(train >= start) & (train < stop)]
        axes.vlines(inside, row - 0.38, row + 0.38, color=colour, lw=1.4)
    axes.set_yticks(range(len(trains)), [name for name, _, _ in trains])
    axes.set_ylim(len(trains) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.set_title(f"Spikes of {counted(len(held.trials_s), 'trial')} and of the models")
