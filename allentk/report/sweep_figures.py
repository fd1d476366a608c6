"""The figure of one sweep with everything that was measured on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from allentk.data import Sweep
from allentk.features.definition import Definition
from allentk.report.figures import COLOURS, Figure, canvas, marked, styled
from allentk.report.passive_panel import Step, mark_levels, measured_step, onset_panel
from allentk.report.spike_panel import MARKS, mark_spikes, spike_panel
from allentk.report.sweep_traces import draw, spikes_of, title
from allentk.report.text import fixed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["sweep_figure"]

#: With more spikes than this the symbols are drawn smaller.
_MANY = 12

#: On a whole sweep the flanks of a spike are one line: they are marked where it is enlarged.
_FLANKS = ("upstroke", "downstroke")


@styled
def sweep_figure(
    sweep: Sweep,
    spikes: pd.DataFrame | None = None,
    *,
    zoom: int | None = 0,
    synthetic: bool = False,
    definition: Definition = "allen",
) -> Figure:
    """Draw a sweep with every feature marked that was measured on it.

    Left the voltage and the current, with the stimulus window shaded. Spikes have their threshold, peak,
    troughs and afterdepolarisation marked; a hyperpolarising step its baseline, peak and steady state.
    Right, enlarged, one spike with its flanks and its width too, or the onset of a hyperpolarising step
    with the fit of its time constant.

    Parameters
    ----------
    sweep : Sweep
        The sweep.
    spikes : DataFrame, optional
        What ``features.spikes`` returns. Found in the whole sweep where not given; an empty table marks
        nothing.
    zoom : int or None
        Which spike is enlarged, counted from 0 (the last where there are fewer); None enlarges nothing.
        Of a hyperpolarising step it is the onset.
    synthetic : bool
        Mark the figure.
    definition : {"allen", "allentk"}
        Whose rules, for what is measured here.

    Returns
    -------
    matplotlib.figure.Figure
        Not shown; ``figure.savefig(path)`` writes it.

    Examples
    --------
    >>> figure = sweep_figure(Sweep([-70.0] * 5000, [0.0] * 5000, 50_000.0, stimulus="Long Square"))
    >>> [axes.get_ylabel() for axes in figure.axes]
    ['voltage (mV)', 'current (pA)']
    """
    if spikes is None:
        spikes = spikes_of(sweep, definition=definition)
    step = measured_step(sweep, definition)
    enlarged = zoom is not None and (len(spikes) > 0 or step is not None)
    figure, axes = canvas(
        9.6, 4.8, 2, 2 if enlarged else 1, sharex="col", heights=[3.2, 1], widths=_widths(enlarged)
    )
    _whole(axes[:, 0], sweep, spikes, step)
    if enlarged:
        grid = axes[0, 1].get_gridspec()
        for unused in axes[:, 1]:
            unused.remove()
        _enlarged(figure.add_subplot(grid[:, 1]), sweep, spikes, step, zoom or 0)
    _legend(figure)
    return marked(figure, synthetic)


def _widths(enlarged: bool) -> list[float]:
    return [5.6, 4.0] if enlarged else [1.0]


def _whole(axes: list[Axes], sweep: Sweep, spikes: pd.DataFrame, step: Step | None) -> None:
    voltage, current = axes
    draw((voltage, current), sweep, (0.0, sweep.duration_s))
    if sweep.has_window:
        for axis in (voltage, current):
            axis.axvspan(
                sweep.start_s, sweep.stop_s, color=COLOURS["pale"], alpha=0.35, lw=0, zorder=0
            )
    points = [mark for mark in MARKS if mark.column not in _FLANKS]
    mark_spikes(voltage, spikes, marks=points, scale=0.6 if len(spikes) > _MANY else 0.85)
    if step is not None:
        mark_levels(voltage, sweep, step)
    voltage.set(title=title(sweep), ylabel="voltage (mV)")
    current.set(xlabel="time (s)", ylabel="current (pA)")


def _enlarged(axes: Axes, sweep: Sweep, spikes: pd.DataFrame, step: Step | None, zoom: int) -> None:
    if step is not None:
        said = f"time constant {fixed(1e3 * step.tau_s, 1)} ms, sag {fixed(step.sag, 3)}"
        onset_panel(axes, [(sweep, step.tau_s)], f"Onset: {said}")
        return
    which = min(zoom, len(spikes) - 1)
    spike_panel(axes, sweep, spikes, which, f"Spike {which + 1} of {len(spikes)}")


def _legend(figure: Figure) -> None:
    """Write one legend for all panels, below them; symbols as large as in the enlarged panel."""
    by_name: dict[str, Any] = {}
    for axes in reversed(figure.axes):
        for handle, name in zip(*axes.get_legend_handles_labels(), strict=True):
            by_name.setdefault(name, handle)
    order = [mark.name for mark in MARKS]
    names = sorted(by_name, key=lambda name: order.index(name) if name in order else len(order))
    if names:
        figure.legend(
            [by_name[name] for name in names],
            names,
            loc="outside lower center",
            ncols=5,
            columnspacing=1.4,
            handletextpad=0.4,
        )
