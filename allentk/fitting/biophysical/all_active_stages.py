"""The stages of an all-active fit: which steps each aims at, and at which features of them.

======= ============== ========================================================================
stage   changes        aims at
======= ============== ========================================================================
passive the membrane   voltage of steps below rheobase, and how it comes back after them
ih      and Ih         their sag as well
all     all channels   all features of the two largest steps with spikes, the rate at the first
                       that has some, silence at the last that has none, no block above the
                       largest, and spikes that begin in the axon
======= ============== ========================================================================

References
----------
Nandi et al. 2022, Cell Reports 40:111176.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from allentk.data import Sweep, SweepSet
from allentk.errors import AllenTKError, FitError
from allentk.features import stimulus_window
from allentk.fitting.biophysical.measured import COUNT, EFEL_NINE
from allentk.fitting.biophysical.measured_targets import targets_from_sweeps, unmeasured
from allentk.fitting.biophysical.runner import Clock
from allentk.fitting.biophysical.targets import JUNCTION_MV, StepTarget, Targets
from allentk.fitting.biophysical.training import BLOCKED_RATE
from allentk.fitting.recording import sweep_set

__all__ = ["STAGES", "TAIL_S", "Stage", "all_active_targets", "stage_targets"]

#: What of a sweep is measured after its step, recorded or simulated, in s.
TAIL_S = 0.3
#: Steps nearer to zero tell little of the membrane, in pA; no more of them are taken than this.
LEAST_PA, MOST_STEPS = 15.0, 6
PASSIVE = (
    "voltage_base",
    "voltage_after_stim",
    "voltage_deflection_vb_ssse",
    "decay_time_constant_after_stim",
)
SAG = "sag_amplitude"
#: What the first step with spikes, and the last without, are aimed at.
RATE, SILENCE = "mean_frequency", "Spikecount"


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of an all-active fit.

    Parameters
    ----------
    number : int
        0 to 2.
    name : str
        In a word.
    subthreshold : tuple of str
        Features of steps below rheobase that it aims at; empty where it is about spikes.
    clock : Clock
        How models are run.
    restarts : int
        Optimizers that share its evaluations; 0 where the fit says how many.
    share : float
        Part of the evaluations.
    cost : float
        What one of its evaluations takes beside one of the last stage, roughly.
    """

    number: int
    name: str
    subthreshold: tuple[str, ...] = ()
    clock: Clock = field(default_factory=lambda: Clock(tail_s=TAIL_S))
    restarts: int = 0
    share: float = 1.0
    cost: float = 1.0

    @property
    def spiking(self) -> bool:
        """Whether it is about spikes."""
        return not self.subthreshold


_SLOW = Clock(dt_s=1e-4, tail_s=TAIL_S)
STAGES = (
    Stage(0, "passive", PASSIVE, _SLOW, restarts=1, share=0.125, cost=0.25),
    Stage(1, "ih", (*PASSIVE, SAG), _SLOW, restarts=1, share=0.125, cost=0.4),
    Stage(2, "all", share=0.75, cost=1.0),
)


def all_active_targets(
    sweeps: SweepSet | Sweep | Iterable[Sweep], *, junction_potential_mv: float = JUNCTION_MV
) -> Targets:
    """Measure the long squares of a cell as an all-active fit needs them.

    Sweeps are cut 0.3 s after the step first, where simulated ones end: some features are means until
    the end.

    Parameters
    ----------
    sweeps : SweepSet, Sweep or iterable of Sweep
        The recording.
    junction_potential_mv : float
        Added to recorded voltages.

    Raises
    ------
    FitError
        Where no sweep can be measured.
    """
    recording, notes = sweep_set(sweeps), []
    named = recording.where(stimulus="Long Square", clamp="current")
    used = named if len(named) else recording.where(clamp="current")
    cut = []
    for number in used.numbers:
        try:
            cut.append(_cut(used.sweep(number)))
        except AllenTKError as error:
            notes.append(f"sweep {number}: left out ({error})")
    if not cut:
        raise unmeasured(recording, notes)
    found = targets_from_sweeps(
        SweepSet(cut, source=recording.source, metadata=recording.metadata),
        junction_potential_mv=junction_potential_mv,
        spiking=(COUNT, *EFEL_NINE),
        subthreshold=(COUNT, SILENCE, *PASSIVE, SAG),
    )
    return replace(found, notes=(*notes, *found.notes))


def _cut(sweep: Sweep) -> Sweep:
    """Return a sweep until a little after its step."""
    start, stop = sweep.start_s, sweep.stop_s
    if not sweep.has_window:
        start, stop = stimulus_window(sweep.current_pa, sweep.sampling_rate_hz)
    n = min(sweep.index(stop + TAIL_S), sweep.n_samples)
    return replace(
        sweep,
        voltage_mv=sweep.voltage_mv[:n],
        current_pa=sweep.current_pa[:n],
        start_s=start,
        stop_s=stop,
    )


def stage_targets(
    targets: Targets, stage: Stage
) -> tuple[Targets, Mapping[float, tuple[str, ...]]]:
    """Return the targets trained on the steps of a stage, and the features of each that count.

    Parameters
    ----------
    targets : Targets
        What was measured, ``n_spikes`` of every step among it.
    stage : Stage
        One of `STAGES`.

    Raises
    ------
    FitError
        Where no step can be aimed at.
    """
    chosen = _spiking(targets) if stage.spiking else _subthreshold(targets, stage.subthreshold)
    return targets.trained_on(chosen), chosen


def _subthreshold(targets: Targets, wanted: Sequence[str]) -> dict[float, tuple[str, ...]]:
    found = {
        step.amplitude_pa: tuple(name for name in wanted if name in step.features)
        for step in targets.steps
        # Silent above rheobase is a block or chance; channels are open there, and hide the membrane.
        if step.role == "subthreshold"
        and abs(step.amplitude_pa) >= LEAST_PA
        and not step.amplitude_pa > targets.rheobase_pa
    }
    telling = [pa for pa, names in found.items() if set(names) - {"voltage_base"}]
    if not telling:
        raise FitError(
            f"{targets!r}: no step below rheobase tells {', '.join(wanted[1:])}, and the membrane is "
            f"fitted to those first; add long squares of {-LEAST_PA:g} pA and below"
        )
    places = np.linspace(0, len(telling) - 1, min(MOST_STEPS, len(telling))).round()
    return {telling[int(k)]: found[telling[int(k)]] for k in places}


def _spiking(targets: Targets) -> dict[float, tuple[str, ...]]:
    spiking = [step for step in targets.steps if step.role == "spiking"]
    if not spiking:
        raise FitError(
            f"{targets!r}: no step has a spike; channels cannot be fitted. Is the voltage in mV, and "
            f"are steps above rheobase among the sweeps?"
        )
    first = next((step for step in spiking if step.n_spikes >= 0.5), spiking[0])
    silent = [s for s in targets.steps if s.role == "subthreshold" and s.amplitude_pa > 0]
    silent = [s for s in silent if s.amplitude_pa < first.amplitude_pa and _silence(s)]
    chosen: dict[float, tuple[str, ...]] = {s.amplitude_pa: (_silence(s),) for s in silent[-1:]}
    chosen[first.amplitude_pa] = tuple(name for name in (RATE,) if name in first.features)
    for step in _largest(spiking):
        names = tuple(name for name in EFEL_NINE if name in step.features)
        chosen[step.amplitude_pa] = names or (COUNT,)
    return chosen


def _silence(step: StepTarget) -> str:
    """Return what says that a step has no spike; empty where nothing does."""
    return next((name for name in (SILENCE, COUNT) if name in step.features), "")


def _largest(spiking: Sequence[StepTarget]) -> list[StepTarget]:
    """Return the two largest steps that are not blocked, of those that tell spikes' shape."""
    most = max(step.n_spikes for step in spiking)
    peak = next(i for i, step in enumerate(spiking) if step.n_spikes == most)
    free = [s for i, s in enumerate(spiking) if i <= peak or s.n_spikes >= BLOCKED_RATE * most]
    return [step for step in free if "AP_width" in step.features][-2:] or free[-1:]
