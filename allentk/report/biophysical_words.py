"""What a verdict says, in sentences and short tables; held-out steps first."""

from __future__ import annotations

import math

from allentk.fitting.biophysical.verdict import Verdict
from allentk.fitting.biophysical.verdict_parts import UseVerdict
from allentk.report.blocks import Cell, Table
from allentk.report.text import counted, listed, number

__all__ = ["facts_table", "in_words", "uses_table"]


def in_words(judged: Verdict) -> list[str]:
    """Return what matters in a few sentences, what was held out before what was trained on."""
    return [
        _use(judged.held_out, "held-out") if judged.held_out.n_steps else _nothing_held_out(judged),
        _rheobase(judged),
        *([_use(judged.training, "training")] if judged.training.n_steps else []),
        *_largest(judged),
        _block(judged),
        *_noise(judged),
        *_bounds(judged),
    ]


def _nothing_held_out(judged: Verdict) -> str:
    return (
        f"No step was held out: all {judged.training.n_steps} were used for the fit, which flatters "
        f"the model."
    )


def _use(found: UseVerdict, name: str) -> str:
    """Say how the spike counts and the voltage of some steps are."""
    parts = []
    if found.n_fired:
        share = (
            f", {found.count_error_percent:.0f} % of the recorded mean"
            if math.isfinite(found.count_error_percent)
            else ""
        )
        parts.append(
            f"the number of spikes is off by {found.count_error:.2f} on average{share} "
            f"({counted(found.n_fired, 'step')} at which cell or model fires)"
        )
    if found.n_subthreshold:
        parts.append(
            f"the voltage below threshold by {found.subthreshold_mv:.2f} mV "
            f"({counted(found.n_subthreshold, 'step')})"
        )
    told = " and ".join(parts) or "nothing can be compared"
    return f"On the {name} steps {told}."


def _rheobase(judged: Verdict) -> str:
    found = judged.rheobase
    if math.isnan(found.recorded_pa):
        return "The cell fires at no recorded step."
    cell = f"the cell's lies between {found.silent_pa:g} and {found.recorded_pa:g} pA"
    if math.isnan(found.model_pa):
        return f"The model fires at no current that was tried; {cell}."
    if found.model_pa <= 0:
        return f"The model fires without any current; {cell}."
    off = f"{found.error_pa:.0f} pA off" if found.error_pa > 0 else "in line with it"
    return f"The model's rheobase is {found.model_pa:.0f} pA, {off}: {cell}."


def _largest(judged: Verdict) -> list[str]:
    step = judged.largest
    if step is None or math.isnan(step.z):
        return []
    return [
        f"At the largest step, {judged.largest_pa:g} pA ({step.use}), the features are off by "
        f"{step.z:.2f} tolerances on average."
    ]


def _block(judged: Verdict) -> str:
    if judged.block.blocked:
        return (
            f"The model is blocked: up to {judged.block.amplitude_pa:g} pA it stays above -50 mV for "
            f"{1e3 * judged.block.longest_s:.0f} ms."
        )
    return f"It is not blocked up to {judged.block.amplitude_pa:g} pA."


def _noise(judged: Verdict) -> list[str]:
    told = listed(f"{one.ratio:.2f} on {one.stimulus}" for one in judged.noise)
    return [f"Explained variance of the spikes, at 10 ms: {told}."] if told else []


def _bounds(judged: Verdict) -> list[str]:
    told = listed(f"{name} ({end})" for name, end in judged.at_bounds.items())
    return [f"At a bound of the fit: {told}."] if told else []


def uses_table(judged: Verdict) -> Table:
    """Return the two uses side by side."""
    held, training = judged.held_out, judged.training
    rows = [
        ("steps", held.n_steps, training.n_steps),
        ("error of the spike count (spikes)", held.count_error, training.count_error),
        (
            "the same (% of the recorded mean)",
            held.count_error_percent,
            training.count_error_percent,
        ),
        ("steps at which cell or model fires", held.n_fired, training.n_fired),
        (
            "error of the voltage below threshold (mV)",
            held.subthreshold_mv,
            training.subthreshold_mv,
        ),
        ("steps at which both are silent", held.n_subthreshold, training.n_subthreshold),
        ("deviation of the spikes' features (tolerances)", held.z, training.z),
    ]
    return Table(
        "The model on steps that it was not fitted to, and on those it was",
        ("", "held out", "training"),
        [(Cell(name), Cell(number(first)), Cell(number(second))) for name, first, second in rows],
        note="Errors are means of absolute differences.",
    )


def facts_table(judged: Verdict) -> Table:
    """Return rheobase, block check, noise and bounds."""
    found, block = judged.rheobase, judged.block
    recorded = f"{number(found.silent_pa)} to {number(found.recorded_pa)}"
    rows = [
        ("rheobase of the cell (pA)", recorded),
        ("rheobase of the model (pA)", number(found.model_pa)),
        ("lowest recorded step that makes the model fire (pA)", number(found.model_on_steps_pa)),
        (
            f"depolarisation block, up to {block.amplitude_pa:g} pA",
            "blocked" if block.blocked else "none",
        ),
    ]
    rows += [
        (
            f"explained variance on {one.stimulus}, {len(one.sweeps)} repeats",
            f"{number(one.ratio)} (one repeat by another: {number(one.reliability)})",
        )
        for one in judged.noise
    ]
    if judged.at_bounds:
        rows.append(("parameters at a bound", listed(judged.at_bounds)))
    cells = [(Cell(name), Cell(text, "bad" if text == "blocked" else "")) for name, text in rows]
    return Table("Rheobase, block, noise", ("", ""), cells, n_text=2)
