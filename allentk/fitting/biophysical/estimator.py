"""BiophysicalFitter: fit, predict and score, in the manner of scikit-learn."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from numbers import Integral
from typing import TYPE_CHECKING, Any

from numpy.typing import ArrayLike

from allentk.data import Morphology, Response, Stimulus, Sweep, SweepSet
from allentk.errors import ConfigError, FitError, NotFittedError
from allentk.fitting.parametrised import Parametrised
from allentk.fitting.recording import sweep_set

if TYPE_CHECKING:
    from allentk.fitting.biophysical.bounds import PassiveLike
    from allentk.fitting.biophysical.objective import Objective
    from allentk.fitting.biophysical.result import BiophysicalFitResult
    from allentk.fitting.biophysical.search import Outcome, Plan
    from allentk.fitting.biophysical.targets import Targets
    from allentk.models import BiophysicalModel

__all__ = ["BiophysicalFitter"]

KINDS = ("perisomatic", "all-active")
#: Seeds and counts are smaller than this.
_LARGEST = 2**31


class BiophysicalFitter(Parametrised):
    """Fit the channels of a reconstructed neuron to its responses to steps of current.

    Parameters
    ----------
    kind : {"perisomatic", "all-active"}
        Channels at the soma, passive dendrites and a stub of an axon; or channels everywhere, fitted in
        stages (the membrane, Ih, all channels) to steps that the stages choose.
    seed : int
        Draws every candidate; 0 or more.
    style : str
        Which channels and bounds: ``"pyramidal"``, ``"fast-spiking"``, ``"human"``, or the published
        ``"f6"``, ``"f9"``, ``"f12"``, ``"f13"``; ``"auto"`` goes by dendrites and spike width.
        All-active: ``"mouse-spiny"``, ``"mouse-aspiny"``, ``"human-spiny"``, ``"human-aspiny"``.
    optimizer : {"cma-es", "de", "ga"}
        What searches.
    train : {"curve", "single"}
        Which steps are fitted to; see `allentk.fitting.biophysical.training.choose_training`.
    train_amplitudes_pa : sequence of float, optional
        The steps by their amplitudes instead.
    max_evaluations : int
        Models to run in all, every one on all training steps.
    stage_evaluations : sequence of int, optional
        All-active: models of every stage instead, the membrane's first; by default an eighth, an eighth
        and the rest.
    max_seconds : float, optional
        When to stop at the latest.
    restarts : int
        Optimizers that race for the evaluations; the better half of them goes on, until one or two
        are left.
    population : int, optional
        Models per generation, 4 or more.
    n_jobs : int
        Processes; they change nothing but the time.
    history : path, optional
        A file to which every generation is written; a fit that finds its own goes on where it ended.
        All-active: one for every stage, ``fit.stage0.jsonl`` and so on for ``fit.jsonl``.
    progress : bool, optional
        Show a progress bar; by default on a terminal.

    Attributes
    ----------
    model_ : BiophysicalModel
        The fitted model.
    result_ : BiophysicalFitResult
        Features beside their targets, reason for stopping, history, hall of fame, genes at their bounds.

    References
    ----------
    Gouwens et al. 2018, Nature Communications 9:710, for the models, channels and tolerances; Nandi et
    al. 2022, Cell Reports 40:111176, for all-active models.

    Examples
    --------
    >>> fit = BiophysicalFitter(seed=0).fit(sweeps, morphology=morphology)  # doctest: +SKIP
    >>> fit.result_.z  # doctest: +SKIP
    """

    def __init__(
        self,
        kind: str = "perisomatic",
        *,
        seed: int = 0,
        style: str = "auto",
        optimizer: str = "cma-es",
        train: str = "curve",
        train_amplitudes_pa: Sequence[float] | None = None,
        max_evaluations: int = 60_000,
        stage_evaluations: Sequence[int] | None = None,
        max_seconds: float | None = None,
        restarts: int = 12,
        population: int | None = None,
        n_jobs: int = 1,
        history: str | os.PathLike[str] | None = None,
        progress: bool | None = None,
    ) -> None:
        self.kind = kind
        self.seed = seed
        self.style = style
        self.optimizer = optimizer
        self.train = train
        self.train_amplitudes_pa = train_amplitudes_pa
        self.max_evaluations = max_evaluations
        self.stage_evaluations = stage_evaluations
        self.max_seconds = max_seconds
        self.restarts = restarts
        self.population = population
        self.n_jobs = n_jobs
        self.history = history
        self.progress = progress

    def fit(
        self,
        sweeps: SweepSet | Sweep | Iterable[Sweep] | Targets,
        y: Any = None,
        *,
        morphology: Morphology | None = None,
        passive: PassiveLike | None = None,
        dendrite_type: str | None = None,
        human: bool = False,
    ) -> BiophysicalFitter:
        """Fit to the long squares of a recording, or to targets.

        Parameters
        ----------
        sweeps : SweepSet, Sweep, iterable of Sweep, or Targets
            The recording, or what was measured on it; targets with training amplitudes keep them.
        y : None
            Not used.
        morphology : Morphology
            The reconstruction.
        passive : PassiveLike, optional
            Axial resistance and capacitances, such as a passive fit; by default from the recording's
            capacitance checks, and 100 Ohm cm and 1 uF/cm2 (2 in spiny dendrites) where there are none.
        dendrite_type : {"spiny", "aspiny", "sparsely spiny"}, optional
            As in the database.
        human : bool
            Whether the cell is of a human.

        Returns
        -------
        BiophysicalFitter
            Itself, with ``model_`` and ``result_``.

        Raises
        ------
        ConfigError
            On an option that there is not, a number that makes no sense, or a history of another fit.
        FitError
            Where there is no reconstruction, or nothing can be measured or fired.
        """
        self._check_options()
        if morphology is None:
            raise FitError(
                "a biophysical fit needs the reconstruction: fit(sweeps, morphology=read_swc(path))"
            )
        run = self._all_active if self.kind == "all-active" else self._perisomatic
        given = _held(sweeps)
        self.result_: BiophysicalFitResult = run(given, morphology, passive, dendrite_type, human)
        self.model_: BiophysicalModel = self.result_.model
        return self

    def _perisomatic(
        self,
        given: SweepSet | Targets,
        morphology: Morphology,
        passive: PassiveLike | None,
        dendrite_type: str | None,
        human: bool,
    ) -> BiophysicalFitResult:
        from allentk.fitting.biophysical.outcome_result import result_of
        from allentk.fitting.biophysical.perisomatic import (
            membrane,
            perisomatic_objective,
            style_of,
        )

        targets, notes = self._targets(given)
        if passive is None:
            passive, told = membrane(given, morphology, dendrite_type)
            notes += told
        style = self.style
        if style == "auto":
            style = style_of(targets, dendrite_type, human=human)
        objective = perisomatic_objective(targets, morphology, passive, style)
        plan = self._plan(len(objective.genes))
        outcome = self._search(objective, plan, morphology)
        return result_of(
            outcome,
            objective,
            morphology,
            targets=objective.targets,
            style=style,
            plan=plan,
            notes=notes,
        )

    def _all_active(
        self,
        given: SweepSet | Targets,
        morphology: Morphology,
        passive: PassiveLike | None,
        dendrite_type: str | None,
        human: bool,
    ) -> BiophysicalFitResult:
        from allentk.fitting.biophysical.all_active import StagedFit, shares
        from allentk.fitting.biophysical.all_active_result import fit_all_active

        if passive is not None or self.train_amplitudes_pa is not None:
            raise ConfigError(
                "an all-active fit finds the membrane and chooses its steps itself: leave out passive "
                "and train_amplitudes_pa"
            )
        evaluations = self.stage_evaluations
        if evaluations is None:
            evaluations = shares(int(self.max_evaluations))
        search = StagedFit(
            seed=int(self.seed),
            optimizer=self.optimizer,
            evaluations=tuple(evaluations),
            restarts=int(self.restarts),
            population=self.population,
            max_seconds=self.max_seconds,
            n_jobs=int(self.n_jobs),
            history=self.history,
            progress=self.progress,
        )
        return fit_all_active(
            given,
            morphology,
            search=search,
            style=self.style,
            dendrite_type=dendrite_type,
            human=human,
        )

    def _check_options(self) -> None:
        if self.kind not in KINDS:
            raise ConfigError(
                f"BiophysicalFitter: kind must be one of {', '.join(KINDS)}, got {self.kind!r}"
            )
        for name, least in (("seed", 0), ("max_evaluations", 1), ("restarts", 1), ("n_jobs", 1)):
            value = getattr(self, name)
            if not isinstance(value, Integral) or not least <= int(value) < _LARGEST:
                raise ConfigError(
                    f"BiophysicalFitter: {name} must be a whole number from {least} to "
                    f"{_LARGEST - 1}, got {value!r}"
                )
        if self.max_seconds is not None and not self.max_seconds > 0:
            raise ConfigError(
                f"BiophysicalFitter: max_seconds must be positive or None, got {self.max_seconds!r}"
            )

    def _targets(self, given: SweepSet | Targets) -> tuple[Targets, list[str]]:
        from allentk.fitting.biophysical.measured_targets import targets_from_sweeps
        from allentk.fitting.biophysical.single import single_step_targets
        from allentk.fitting.biophysical.targets import Targets
        from allentk.fitting.biophysical.training import choose_training

        if isinstance(given, Targets):
            targets = given
        elif self.train == "single" and self.train_amplitudes_pa is None:
            targets = single_step_targets(given)
        else:
            targets = targets_from_sweeps(given)
        notes = list(targets.notes)
        if self.train_amplitudes_pa is not None or not targets.training:
            targets = choose_training(targets, self.train, amplitudes_pa=self.train_amplitudes_pa)
        elif self.train != "curve":
            notes.append(f"train={self.train!r}: not used, the targets name their training steps")
        return targets, notes

    def _plan(self, n_dimensions: int) -> Plan:
        from allentk.fitting.biophysical.search import Plan

        return Plan(
            n_dimensions=n_dimensions,
            seed=int(self.seed),
            optimizer=self.optimizer,
            max_evaluations=int(self.max_evaluations),
            restarts=int(self.restarts),
            population=self.population,
        )

    def _search(self, objective: Objective, plan: Plan, morphology: Morphology) -> Outcome:
        from allentk.fitting.biophysical.search import run_search

        # What is compiled on first use is compiled here, once, and costs the search no time.
        objective.evaluate([0.5] * plan.n_dimensions)
        return run_search(
            objective,
            plan,
            max_seconds=self.max_seconds,
            n_jobs=int(self.n_jobs),
            history=self.history,
            about={**objective.about(), "reconstruction": morphology.digest()},
            progress=self.progress,
        )

    def _fitted(self) -> BiophysicalModel:
        if not hasattr(self, "model_"):
            raise NotFittedError("BiophysicalFitter: call fit(sweeps, morphology=...) first")
        return self.model_

    def predict(self, stimulus: Stimulus | ArrayLike, **kwargs: Any) -> Response:
        """Run the fitted model; takes what ``allentk.simulate`` takes.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        """
        from allentk.simulation import simulate

        simulated: Response = simulate(self._fitted(), stimulus, **kwargs)
        return simulated

    def score(self, sweeps: SweepSet | Sweep | Iterable[Sweep] | Targets, y: Any = None) -> float:
        """Return minus the mean error of the spike count over the steps that were not trained on.

        Every step counts where the fit saw all of them.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        FitError
            Where no step can be measured.
        """
        self._fitted()
        from allentk.fitting.biophysical.held_out import count_error

        targets, _ = self._targets(_held(sweeps))
        return -count_error(self.result_, targets)

    def __repr__(self) -> str:
        fitted = f", fitted: {self.result_!r}" if hasattr(self, "result_") else ""
        return f"BiophysicalFitter({self.kind!r}, seed={self.seed}{fitted})"


def _held(sweeps: SweepSet | Sweep | Iterable[Sweep] | Targets) -> SweepSet | Targets:
    """Return targets as they are, and sweeps as a set: what they came in may be gone through only once."""
    from allentk.fitting.biophysical.targets import Targets

    return sweeps if isinstance(sweeps, Targets) else sweep_set(sweeps)
