"""Panels of a verdict: spikes and voltage against current, and deviations of the features."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from allentk.fitting.biophysical.evaluation import Measured
from allentk.fitting.biophysical.measured import COUNT
from allentk.fitting.biophysical.targets import OF_ZERO, RELATIVE
from allentk.fitting.biophysical.verdict import Verdict
from allentk.fitting.biophysical.verdict_parts import HELD_OUT, USES, StepVerdict
from allentk.report.figures import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["CELL", "MODEL", "counts_panel", "deviations_panel", "steady_panel"]

#: Colours of the recorded cell and of the model in every panel.
CELL, MODEL = COLOURS["black"], COLOURS["vermilion"]
#: The longest bar that is drawn whole, in tolerances.
LONGEST = 8.0


def counts_panel(axes: Axes, judged: Verdict) -> None:
    """Draw the number of spikes against the current."""
    steps = [step for step in judged.steps if step.amplitude_pa > 0] or list(judged.steps)
    axes.plot(
        [step.amplitude_pa for step in steps],
        [step.n_model for step in steps],
        color=MODEL,
        marker="x",
        ms=5,
        label="model",
    )
    _recorded(axes, steps, "n_recorded")
    found = judged.rheobase
    for value, colour, style in ((found.recorded_pa, CELL, ":"), (found.model_pa, MODEL, "--")):
        if math.isfinite(value):
            axes.axvline(value, color=colour, lw=0.8, ls=style, zorder=0)
    axes.set(
        title="Spikes per step (lines: rheobase)",
        xlabel="current (pA)",
        ylabel="spikes",
    )
    axes.legend(loc="upper left")


def steady_panel(axes: Axes, judged: Verdict) -> None:
    """Draw the voltage below threshold against the current."""
    steps = [step for step in judged.steps if math.isfinite(step.steady_recorded_mv)]
    axes.plot(
        [step.amplitude_pa for step in steps],
        [step.steady_model_mv for step in steps],
        color=MODEL,
        marker="x",
        ms=5,
        label="model",
    )
    _recorded(axes, steps, "steady_recorded_mv")
    axes.set(
        title="Voltage below threshold",
        xlabel="current (pA)",
        ylabel=f"voltage (mV; cell {judged.junction_potential_mv:+g})".replace("-", "−"),
    )
    if not steps:
        _nothing(axes, "no step at which cell and model are silent")


def _recorded(axes: Axes, steps: Sequence[StepVerdict], name: str) -> None:
    """Draw what was recorded: held-out steps open, training ones filled."""
    for use in USES:
        held = [step for step in steps if step.use == use]
        if held:
            axes.plot(
                [step.amplitude_pa for step in held],
                [getattr(step, name) for step in held],
                ls="",
                marker="o",
                ms=5.5,
                mew=1.2,
                color=CELL,
                mfc="white" if use == HELD_OUT else CELL,
                label=f"cell, {use}",
            )


def deviations_panel(axes: Axes, judged: Verdict) -> None:
    """Draw the deviation of every feature at the largest step, in its own and in published tolerances."""
    largest = judged.largest
    if largest is None:
        _nothing(axes, "the cell does not spike")
        return
    shown = sorted(largest.features, key=lambda one: one.feature == COUNT)
    own = [one.z for one in shown]
    published = [_published(one) for one in shown]
    right = min(max(3.0, 1.1 * max([*own, *published])), LONGEST)
    for row, (z, percent) in enumerate(zip(own, published, strict=True)):
        axes.barh(row, min(z, right), color=COLOURS["sky"], height=0.62)
        if percent <= right:
            axes.plot(percent, row, marker="D", ms=4.5, mfc="white", mec=COLOURS["blue"])
        if z > right:
            axes.text(1.01 * right, row, f"{z:.0f}", va="center", fontsize=7.5)
    axes.axvline(1.0, color=COLOURS["black"], lw=0.9, ls=":")
    axes.set_yticks(range(len(shown)), [one.feature.replace("_", " ") for one in shown])
    axes.set(xlim=(0.0, right), ylim=(len(shown) - 0.4, -0.6))
    axes.set(
        title=f"Features at {judged.largest_pa:g} pA, {largest.use}",
        xlabel="deviation in tolerances (diamond: in 5 %)",
    )


def _published(one: Measured) -> float:
    """Return the deviation in the tolerance of the published all-active models: 5 % of the mean."""
    tolerance = RELATIVE * abs(one.target.mean) or OF_ZERO
    z = abs(one.value - one.target.mean) / tolerance
    return z if math.isfinite(z) else one.z


def _nothing(axes: Axes, why: str) -> None:
    axes.text(0.5, 0.5, why, ha="center", va="center", transform=axes.transAxes)
    axes.set(xticks=[], yticks=[])
