"""The published GLIF pipeline, step by step, so that it can be repeated and compared with."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Any

import pandas as pd

from allentk.data import SweepSet
from allentk.errors import ConfigError
from allentk.fitting.objectives import score_trains
from allentk.fitting.result import FitResult, Reason, versions
from allentk.fitting.teeter_optimizer import Noise, Optimum, internal_noise, minimise
from allentk.fitting.teeter_preprocessing import (
    Currents,
    Cut,
    Membrane,
    fit_currents,
    fit_cut,
    fit_membrane,
)
from allentk.fitting.teeter_threshold import (
    Component,
    fit_spike_component,
    fit_voltage_component,
    threshold_at_rest,
)
from allentk.fitting.teeter_traces import (
    Terms,
    Trace,
    noise_traces,
    smallest_spiking_square,
    strongest_silent_square,
    triple_traces,
)
from allentk.models import GLIFParameters
from allentk.models.glif import ASC_LEVELS, RESET_LEVELS
from allentk.progress import bar
from allentk.simulation.glif import spike_steps

__all__ = ["Preprocessed", "as_evaluated", "assemble", "exclusions", "fit_teeter"]

#: The published scores were computed with refractory steps of a tenth of their length.
WRONG_STEP = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Preprocessed:
    """What the preprocessing found; a part that the level does not need is None."""

    membrane: Membrane
    cut: Cut
    th_inf_mv: float
    currents: Currents | None = None
    spike: Component | None = None
    voltage: Component | None = None


def assemble(
    level: int, found: Preprocessed, *, coefficient: float = 1.0, undecayed: bool = False
) -> GLIFParameters:
    """Put a model together as published.

    Levels with after-spike currents have the resistance that was fitted beside them, the others that of
    the membrane alone. After-spike currents were fitted at the threshold crossing and act from the end
    of the refractory time on: they have decayed by then, unless `undecayed` repeats what was published.
    """
    parts: dict[str, Any] = {}
    r_mohm = found.membrane.R_mohm
    if level in ASC_LEVELS and found.currents is not None:
        currents = found.currents
        r_mohm = currents.R_mohm
        lost = [0.0 if undecayed else rate * found.cut.t_ref_s for rate in currents.rate_per_s]
        parts["asc_amp_pa"] = [a * math.exp(-x) for a, x in zip(currents.amp_pa, lost, strict=True)]
        parts["asc_tau_s"] = [1 / rate for rate in currents.rate_per_s]
    if level in RESET_LEVELS:
        parts |= {"reset_a": found.cut.slope, "reset_b_mv": found.cut.intercept_mv}
    if level in RESET_LEVELS and found.spike is not None:
        parts |= {"th_spike_a_mv": found.spike.a, "th_spike_b_per_s": found.spike.b_per_s}
    if level == 5 and found.voltage is not None:
        parts |= {
            "th_voltage_a_per_s": found.voltage.a,
            "th_voltage_b_per_s": found.voltage.b_per_s,
        }
    return GLIFParameters(
        level=level,
        C_pf=found.membrane.C_pf,
        R_mohm=r_mohm,
        E_L_mv=found.membrane.rest_mv,
        th_inf_mv=coefficient * found.th_inf_mv,
        t_ref_s=found.cut.t_ref_s,
        source="fitted by allentk, method teeter2018",
        **parts,
    )


def as_evaluated(model: GLIFParameters, *, defects: bool) -> GLIFParameters:
    """Return the model as it is run for its score: with `defects` its refractory time is a tenth."""
    return replace(model, t_ref_s=model.t_ref_s * WRONG_STEP) if defects else model


def fit_teeter(
    sweeps: SweepSet,
    *,
    level: int,
    train: str = "Noise 1",
    seed: int = 0,
    progress: bool | None = None,
    defects: bool = False,
    strict: bool = False,
) -> FitResult:
    """Fit one GLIF model by the published pipeline.

    Parameters
    ----------
    sweeps : SweepSet
        The recording: repeats of the noise `train`; ``Short Square`` above and below threshold;
        ``Long Square`` below threshold; for levels 2, 4 and 5 ``Short Square - Triple``.
    level : int
        1 to 5.
    train : str
        Name of the noise to fit on; where it is not there, sweeps without any name are taken.
    seed : int
        Draws the restarts of the search.
    progress : bool, optional
        Show a progress bar; by default on a terminal.
    defects : bool
        Repeat two defects of the published programs. (a) The model is scored with a tenth of its
        refractory time, and so is the model that is returned: its ``t_ref_s`` and the decay of
        after-spike currents and spike-dependent threshold through it. The search, as published, runs with
        the whole. (b) Amplitudes of after-spike currents, fitted at the threshold crossing, are used at
        the end of the refractory time as they are, in the search and in the model. By default the
        refractory time is what was measured, and the amplitudes are decayed to its end.
    strict : bool
        Stop where a protocol is missing, as published. By default it is replaced where it can be, and
        ``notes`` of the result say by what.

    Returns
    -------
    FitResult
        ``details``: ``exclusions`` (rules by which the model would not have been published),
        the ``preprocessing``, the ``internal_noise``, ``coefficient`` and ``mlin`` of the search.
        ``history`` has one row after the preprocessing and one after every restart; the search minimises
        ``mlin``, so that ``score`` may fall.

    Raises
    ------
    ConfigError
        On a level that there is not.
    FitError
        Where the sweeps do not hold what the pipeline needs.

    References
    ----------
    Teeter et al. 2018, Nature Communications 9:709.

    Examples
    --------
    >>> fit_teeter(sweeps, level=3).score  # doctest: +SKIP
    0.71
    """
    if level not in range(1, 6):
        raise ConfigError(f"GLIF levels are 1 to 5, got {level!r}")
    terms = Terms(strict)
    with bar(f"GLIF{level} as published", total=4, unit="stage", progress=progress) as shown:
        noise = noise_traces(sweeps, train, terms)
        shown.update()
        found = _preprocess(sweeps, noise, level, terms)
        shown.update()
        silent = strongest_silent_square(sweeps, noise[0].dt_s)
        internal = internal_noise(silent, noise, terms)
        shown.update()
        start = assemble(level, found, undecayed=defects)
        optimum = minimise(noise, start, internal, seed=seed)
        shown.update()
    run = _Run(noise, seed, defects, tuple(terms.notes))
    return _result(run, found, internal, start, optimum)


@dataclass(frozen=True, slots=True)
class _Run:
    """What was asked for, the noise that was fitted, and the notes made."""

    noise: list[Trace]
    seed: int
    defects: bool
    notes: tuple[str, ...]


def _result(
    run: _Run, found: Preprocessed, internal: Noise, start: GLIFParameters, optimum: Optimum
) -> FitResult:
    """Score the model after the preprocessing and after every restart."""
    tried = [1.0, *(each.coefficient for each in optimum.rounds)]
    models = [
        as_evaluated(replace(start, th_inf_mv=start.th_inf_mv * c), defects=run.defects)
        for c in tried
    ]
    scores = [_score(model, run.noise) for model in models]
    return FitResult(
        model=models[-1],
        score=scores[-1],
        reason=Reason.CONVERGED if optimum.converged else Reason.BUDGET,
        history=_history(optimum, scores),
        seed=run.seed,
        evaluations=optimum.evaluations,
        sweeps=tuple(trace.number for trace in run.noise),
        details={
            "method": "teeter2018",
            "defects": run.defects,
            "exclusions": exclusions(models[-1], scores[-1]),
            "preprocessing": asdict(found),
            "internal_noise": asdict(internal),
            "coefficient": optimum.coefficient,
            "mlin": optimum.mlin,
        },
        versions=versions(),
        notes=run.notes,
    )


def _preprocess(sweeps: SweepSet, noise: list[Trace], level: int, terms: Terms) -> Preprocessed:
    dt_s = noise[0].dt_s
    membrane = fit_membrane(noise, terms)
    cut = fit_cut(noise, membrane.rest_mv, terms)
    square = smallest_spiking_square(sweeps, dt_s)
    th_inf_mv = threshold_at_rest(square, noise, membrane.rest_mv, terms)
    currents = fit_currents(noise, membrane, cut.t_ref_s) if level in ASC_LEVELS else None
    spike = voltage = None
    if level in RESET_LEVELS:
        spike = fit_spike_component(triple_traces(sweeps, dt_s), cut.t_ref_s)
        if spike is None:
            terms.replaced(
                "no second spikes in triple short squares ('Short Square - Triple')",
                "the threshold has no spike-dependent part",
            )
            spike = Component(0.0, 0.0)
    if level == 5 and spike is not None:
        voltage = fit_voltage_component(noise, membrane.rest_mv, cut.t_ref_s, th_inf_mv, spike)
    return Preprocessed(
        membrane=membrane,
        cut=cut,
        th_inf_mv=th_inf_mv,
        currents=currents,
        spike=spike,
        voltage=voltage,
    )


def _score(model: GLIFParameters, noise: list[Trace]) -> float:
    """Return the explained-variance ratio of the training sweeps at 10 ms."""
    dt_s = noise[0].dt_s
    times_s = (spike_steps(model, noise[0].current_pa, dt_s=dt_s) + 1) * dt_s
    trials_s = [trace.spikes * dt_s for trace in noise]
    return score_trains(times_s, trials_s, noise[0].duration_s)["ratio"]


def _history(optimum: Optimum, scores: list[float]) -> pd.DataFrame:
    rows = [("preprocessing", 0, scores[0], 1.0, math.nan)]
    for number, (each, score) in enumerate(zip(optimum.rounds, scores[1:], strict=True), 1):
        stage = f"restart {number}"
        rows.append((stage, each.evaluations, score, each.coefficient, each.mlin))
    return pd.DataFrame(rows, columns=["stage", "evaluations", "score", "coefficient", "mlin"])


def exclusions(model: GLIFParameters, score: float) -> tuple[str, ...]:
    """Return the published rules by which a model was not released, as far as they concern one cell."""
    b_s, a_s = model.th_spike_b_per_s, model.th_spike_a_mv
    rules = {
        "reset intercept above 30 mV": model.reset_b_mv > 30,
        "threshold below -60 mV": model.threshold_mv < -60,
        "resistance above 1000 MOhm": model.R_mohm > 1000,
        "GLIF1 explains less than 0.2": model.level == 1 and score < 0.2,
    }
    if model.level in RESET_LEVELS:
        rules["spike-dependent threshold above 20 mV or not above 0"] = not 0 < a_s <= 20
        rules["spike-dependent threshold lasts longer than 0.1 s"] = b_s * 0.1 < 1
    if model.level == 5:
        rules["drive of the threshold by the voltage below -50/s"] = model.th_voltage_a_per_s < -50
        rules["decay of the threshold by the voltage below 0.1/s"] = model.th_voltage_b_per_s < 0.1
    return tuple(rule for rule, holds in rules.items() if holds)
