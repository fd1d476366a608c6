"""How good a biophysical model is: against every recorded step, those that it was fitted to apart.

Any model can be judged, a published one beside a fitted one, on the same steps. What the fit did not
see comes first everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from allentk.data import Sweep, SweepSet
from allentk.data.crossings import crossings
from allentk.errors import FitError
from allentk.fitting.biophysical.evaluation import BLOCK_PA, Measured, depolarised_s
from allentk.fitting.biophysical.genes import GeneSet
from allentk.fitting.biophysical.measured import COUNT, in_step, measure
from allentk.fitting.biophysical.result import BiophysicalFitResult, plain_json
from allentk.fitting.biophysical.targets import JUNCTION_MV, StepTarget, Targets
from allentk.fitting.biophysical.training import SHAPES, nearest_pa
from allentk.fitting.biophysical.verdict_bench import Bench, bench
from allentk.fitting.biophysical.verdict_noise import noise_scores
from allentk.fitting.biophysical.verdict_parts import (
    HELD_OUT,
    TRAINING,
    USES,
    Block,
    NoiseScore,
    Rheobase,
    StepVerdict,
    UseVerdict,
)
from allentk.fitting.biophysical.verdict_rheobase import find_rheobase
from allentk.fitting.recording import sweep_set
from allentk.models import BiophysicalModel

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Verdict", "judge", "verdict"]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class Verdict:
    """How a model does on the steps of a recording.

    Parameters
    ----------
    steps : tuple of StepVerdict
        Every step, by amplitude.
    rheobase : Rheobase
        The lowest current that makes spikes, of cell and model.
    block : Block
        Whether the model is blocked at the largest step or 10 pA above it.
    largest_pa : float
        The largest step, whose features tell most: the largest that was trained on, or else the largest
        of those with spikes and their shape. NaN where the cell never fires.
    noise : tuple of NoiseScore
        Explained variance on repeated noise; empty where there is none.
    at_bounds : mapping of str to str
        Parameters at a bound of the fit -> ``"low"`` or ``"high"``; empty for a model without bounds.
    junction_potential_mv : float
        What was added to recorded voltages: all voltages here are the membrane's own.
    engine : str
        What ran the model, with which method and step.
    source : str
        Where the recorded numbers come from.
    notes : tuple of str
        What could not be judged, a sentence each.
    """

    steps: tuple[StepVerdict, ...]
    rheobase: Rheobase
    block: Block
    largest_pa: float
    noise: tuple[NoiseScore, ...] = ()
    at_bounds: Mapping[str, str] = field(default_factory=dict)
    junction_potential_mv: float = JUNCTION_MV
    engine: str = ""
    source: str = ""
    notes: tuple[str, ...] = ()

    @property
    def held_out(self) -> UseVerdict:
        """The steps that the model was not fitted to."""
        return UseVerdict.of(step for step in self.steps if step.use == HELD_OUT)

    @property
    def training(self) -> UseVerdict:
        """The steps that it was fitted to."""
        return UseVerdict.of(step for step in self.steps if step.use == TRAINING)

    @property
    def all_steps(self) -> UseVerdict:
        """All steps, whatever they were used for."""
        return UseVerdict.of(self.steps)

    @property
    def largest(self) -> StepVerdict | None:
        """The step at `largest_pa`."""
        return next((step for step in self.steps if step.amplitude_pa == self.largest_pa), None)

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row per step, held-out ones first.

        Columns: amplitude_pa, use, n_recorded, n_model, steady_recorded_mv, steady_model_mv, z.
        """
        import pandas as pd

        rows = [step.to_dict() for use in USES for step in self.steps if step.use == use]
        return pd.DataFrame(rows, columns=list(self.steps[0].to_dict()))

    def features(self) -> pd.DataFrame:
        """Return one row per feature: amplitude_pa, use, feature, target, sd, value, z."""
        import pandas as pd

        rows = [
            (s.amplitude_pa, s.use, m.feature, m.target.mean, m.target.sd, m.value, m.z)
            for s in self.steps
            for m in s.features
        ]
        names = ["amplitude_pa", "use", "feature", "target", "sd", "value", "z"]
        return pd.DataFrame(rows, columns=names)

    def summary(self) -> dict[str, Any]:
        """Return the numbers that matter, held-out steps first; NaN where there are none."""
        largest = self.largest
        return {
            "held_out": asdict(self.held_out),
            "training": asdict(self.training),
            "rheobase": {**asdict(self.rheobase), "error_pa": self.rheobase.error_pa},
            "largest": {
                "amplitude_pa": self.largest_pa,
                "use": "" if largest is None else largest.use,
                "z": math.nan if largest is None else largest.z,
            },
            "block": {**asdict(self.block), "blocked": self.block.blocked},
            "explained_variance": {one.stimulus: one.ratio for one in self.noise},
            "at_bounds": dict(self.at_bounds),
        }

    def to_dict(self) -> dict[str, Any]:
        """Return the verdict as plain JSON types; None where there is no number."""
        plain: dict[str, Any] = plain_json(
            {
                **self.summary(),
                "steps": self.to_dataframe().to_dict("records"),
                "features": self.features().to_dict("records"),
                "noise": [one.to_dict() for one in self.noise],
                "junction_potential_mv": self.junction_potential_mv,
                "engine": self.engine,
                "source": self.source,
                "notes": list(self.notes),
            }
        )
        return plain

    def __repr__(self) -> str:
        held = self.held_out
        return (
            f"<Verdict: {held.n_steps} held-out steps, spike count off by {held.count_error:.2f} "
            f"({held.count_error_percent:.0f} %), {held.subthreshold_mv:.2f} mV below threshold; "
            f"{self.training.n_steps} training steps>"
        )


def verdict(
    model: BiophysicalModel | BiophysicalFitResult,
    targets: Targets | None = None,
    *,
    training: Iterable[float] | None = None,
    sweeps: SweepSet | Sweep | Iterable[Sweep] | None = None,
    genes: GeneSet | None = None,
    backend: str = "auto",
) -> Verdict:
    """Judge a model, fitted or published, on the steps of a recording.

    Parameters
    ----------
    model : BiophysicalModel or BiophysicalFitResult
        The model, or a fit with its model.
    targets : Targets, optional
        What was recorded; by default what the fit aimed at.
    training : iterable of float, optional
        Amplitudes in pA that the model was fitted to. By default those that the fit saw; of a model
        those of the targets, or else those of the sweeps that its parameters name.
    sweeps : SweepSet, Sweep or iterable of Sweep, optional
        The recording, for the noise in it.
    genes : GeneSet, optional
        Bounds to look for parameters at; a fit brings its own.
    backend : {"auto", "reduced", "neuron"}
        ``"auto"``: the reduced backend, second order at 0.025 ms, for perisomatic models; NEURON with
        a variable step for the others.

    Returns
    -------
    Verdict
        The number of spikes is judged at every step where cell or model fires; the voltage below
        threshold where both are silent.

    Raises
    ------
    FitError
        Without targets, or on a training amplitude that there is no step of.
    SimulationError
        Where the model cannot be run.

    Examples
    --------
    >>> verdict(fit.result_)  # doctest: +SKIP
    >>> verdict(allentk.read_biophysical_model("cell_472450023"), targets)  # doctest: +SKIP
    """
    at_bounds: Mapping[str, str] = {}
    if isinstance(model, BiophysicalFitResult):
        targets = model.targets if targets is None else targets
        if training is None:
            # What the fit saw, whatever other targets say: it must not pass for held out.
            near = (nearest_pa(targets, pa) for pa in model.targets.training)
            training = [pa for pa in near if pa is not None]
        at_bounds, model = model.at_bounds, model.model
    if targets is None:
        raise FitError("verdict: what is the model judged on? Give targets, as for a fit")
    if genes is not None:
        at_bounds = genes.at_bounds(model.parameters)
    return judge(
        bench(model, backend),
        _with_training(model, targets, training),
        sweeps=None if sweeps is None else sweep_set(sweeps),
        at_bounds=at_bounds,
    )


def judge(
    on: Bench,
    targets: Targets,
    *,
    sweeps: SweepSet | None = None,
    at_bounds: Mapping[str, str] | None = None,
) -> Verdict:
    """Judge what can be stepped and played to; see `verdict`."""
    steps, counts = [], {}
    for target in targets.steps:
        use = TRAINING if target.amplitude_pa in targets.training else HELD_OUT
        step = _judged(on, target, use)
        steps.append(step)
        counts[step.amplitude_pa] = step.n_model
    noise: list[NoiseScore] = []
    notes = list(targets.notes)
    if sweeps is not None:
        noise, told = noise_scores(sweeps, on, targets.junction_potential_mv)
        notes += told
    largest, last = _largest(targets), targets.steps[-1]
    top = last if math.isnan(largest) else targets.step(largest)
    return Verdict(
        steps=tuple(steps),
        rheobase=find_rheobase(targets, counts, partial(_fires, on, last.duration_s)),
        block=_block(on, top.amplitude_pa, top.duration_s),
        largest_pa=largest,
        noise=tuple(noise),
        at_bounds=dict(at_bounds or {}),
        junction_potential_mv=targets.junction_potential_mv,
        engine=on.engine,
        source=targets.source,
        notes=tuple(notes),
    )


def _with_training(
    model: BiophysicalModel, targets: Targets, training: Iterable[float] | None
) -> Targets:
    if training is not None:
        named = []
        for wanted in training:
            nearest = nearest_pa(targets, wanted)
            if nearest is None:
                there = [step.amplitude_pa for step in targets.steps]
                raise FitError(
                    f"{targets!r}: no step of {wanted:g} pA, which training names; there are {there}"
                )
            named.append(nearest)
        return targets.trained_on(named)
    if targets.training:
        return targets
    seen = set(model.parameters.training_sweeps)
    return targets.trained_on(s.amplitude_pa for s in targets.steps if seen & set(s.sweeps))


def _judged(on: Bench, target: StepTarget, use: str) -> StepVerdict:
    response = on.step(target.amplitude_pa, target.duration_s)
    found = measure(response, dict.fromkeys((COUNT, *target.features)))
    features = tuple(
        Measured(target.amplitude_pa, _group(target, name), name, aim, found[name])
        for name, aim in target.features.items()
    )
    return StepVerdict(target.amplitude_pa, use, target.n_spikes, int(found[COUNT]), features)


def _group(target: StepTarget, name: str) -> str:
    if target.role == "spiking":
        return "counts" if name == COUNT else "shape"
    return "silence" if name == COUNT else "subthreshold"


def _largest(targets: Targets) -> float:
    """Return the largest step that was trained on, or else the largest that tells the spikes' shape."""
    for steps in (targets.chosen(), targets.steps):
        fired = [step for step in steps if step.n_spikes > 0]
        shaped = [step for step in fired if SHAPES & set(step.features)]
        if fired:
            return (shaped or fired)[-1].amplitude_pa
    return math.nan


def _fires(on: Bench, duration_s: float, amplitude_pa: float) -> bool:
    return bool(crossings(in_step(on.step(amplitude_pa, duration_s))).size)


def _block(on: Bench, largest_pa: float, duration_s: float) -> Block:
    longest = 0.0
    for amplitude in (largest_pa, largest_pa + BLOCK_PA):
        response = on.step(amplitude, duration_s)
        dt_s = 1.0 / response.sampling_rate_hz
        longest = max(longest, depolarised_s(in_step(response), dt_s))
    return Block(largest_pa + BLOCK_PA, longest)
