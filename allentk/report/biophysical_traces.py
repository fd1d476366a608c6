"""Panels of voltage against time: what was recorded at a step, and what the model does."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from allentk.data import Sweep, SweepSet
from allentk.fitting.biophysical.targets import StepTarget, Targets
from allentk.fitting.biophysical.verdict_bench import Bench
from allentk.report.biophysical_curves import CELL, MODEL
from allentk.report.figures import thinned

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Trace", "chosen_steps", "labelled", "trace_panel", "traces"]

#: How much of the rest before and after a step is shown, in s.
MARGIN_S = 0.08
#: Pieces that a trace is drawn in: a panel is about as many pixels wide.
BINS = 400


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """A step, the model's response, and the recorded one where it is at hand, as it was recorded."""

    target: StepTarget
    use: str
    model: Sweep
    recorded: Sweep | None


def chosen_steps(targets: Targets) -> list[StepTarget]:
    """Return the most negative step, one in the middle of those that spike, and the largest.

    Steps that were held out are taken where there are any.
    """
    held_out = set(targets.held_out)
    silent = [step for step in targets.steps if step.role == "subthreshold"]
    firing = [step for step in targets.steps if step.role == "spiking"]
    inside = [step for step in firing if step.amplitude_pa in held_out] or firing
    chosen = [*silent[:1], *inside[len(inside) // 2 :][:1], *firing[-1:]]
    kept = {step.amplitude_pa: step for step in chosen}
    return [kept[pa] for pa in sorted(kept)]


def traces(on: Bench, targets: Targets, sweeps: SweepSet | None) -> list[Trace]:
    """Run the model at the chosen steps."""
    found = []
    for target in chosen_steps(targets):
        use = "training" if target.amplitude_pa in targets.training else "held out"
        model = on.step(target.amplitude_pa, target.duration_s)
        found.append(Trace(target, use, model, _recorded(target, sweeps)))
    return found


def _recorded(target: StepTarget, sweeps: SweepSet | None) -> Sweep | None:
    there = set() if sweeps is None else set(sweeps.numbers)
    number = next((one for one in target.sweeps if one in there), None)
    return None if sweeps is None or number is None else sweeps.sweep(number)


def trace_panel(axes: Axes, trace: Trace, junction_potential_mv: float) -> None:
    """Draw a step; the time is from its onset, the recorded voltage is corrected."""
    duration, recorded = trace.target.duration_s, trace.recorded
    if recorded is not None:
        shift = f"{junction_potential_mv:+g} mV".replace("-", "−")
        _line(axes, recorded, trace.target.start_s, junction_potential_mv, CELL, f"cell {shift}")
    _line(axes, trace.model, trace.model.start_s, 0.0, MODEL, "model")
    axes.set(
        title=f"{trace.target.amplitude_pa:g} pA, {trace.use}".replace("-", "−"),
        xlabel="time from onset (s)",
        xlim=(-MARGIN_S, duration + MARGIN_S),
    )


def _line(
    axes: Axes, sweep: Sweep, onset_s: float, shift_mv: float, colour: str, label: str
) -> None:
    rate = sweep.sampling_rate_hz
    onset = onset_s if math.isnan(sweep.start_s) else sweep.start_s
    first = max(round((onset - MARGIN_S) * rate), 0)
    last = min(round((onset + 10.0) * rate), sweep.n_samples)
    time = np.arange(first, last) / rate - onset
    axes.plot(
        *thinned(time, sweep.voltage_mv[first:last] + shift_mv, BINS),
        color=colour,
        lw=0.9,
        alpha=0.75 if colour == CELL else 0.9,
        label=label,
    )


def labelled(panels: Sequence[Axes]) -> None:
    """Say once what the axes and the lines are: the first panel has the fewest spikes in the way."""
    panels[0].set_ylabel("membrane voltage (mV)")
    panels[0].legend(loc="upper right")
