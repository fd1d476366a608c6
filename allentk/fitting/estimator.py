"""GLIFFitter: fit, predict and score, in the manner of scikit-learn."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from numpy.typing import ArrayLike

from allentk.data import Response, Stimulus, Sweep, SweepSet
from allentk.errors import ConfigError, FitError, NotFittedError
from allentk.fitting.levels import LEVELS, fit_levels, whole_number
from allentk.fitting.objectives import SIGMA_S, score_trains
from allentk.fitting.parametrised import Parametrised
from allentk.fitting.recording import DT_S, Group, choose, fitted_to, groups, sweep_set
from allentk.fitting.result import FitResult
from allentk.models import GLIFParameters
from allentk.simulation import simulate
from allentk.simulation.glif import spike_steps

__all__ = ["GLIFFitter"]

log = logging.getLogger(__name__)

#: The fit of this package, and the published pipeline.
METHODS = ("allentk", "teeter2018")


class GLIFFitter(Parametrised):
    """Fit a GLIF neuron to recorded noise.

    Parameters
    ----------
    level : {1, 2, 3, 4, 5}
        1: leaky integrate-and-fire. 2: with reset rules. 3: with after-spike currents. 4: with both.
        5: with a threshold that follows the voltage, too.
    method : {"allentk", "teeter2018"}
        The fit described below, or the published pipeline, which takes no `max_evaluations`.
    seed : int
        Draws the candidates of the refinement; 0 or more.
    train, test : str
        Stimulus to fit on and stimulus to score on. Where a recording has sweeps of neither name,
        all its current-clamp sweeps of 0.5 s or more are taken, to fit and to score.
    max_evaluations : int
        Simulated candidates of the first search of a refinement, of which there are several per level
        (folds and starts); each weaker pull adds half as many. 0 leaves it at regressions, likelihood
        and a scan of the threshold.
    progress : bool, optional
        Show a progress bar; by default on a terminal.

    Attributes
    ----------
    model_ : GLIFParameters
        The fitted model.
    result_ : FitResult
        Score on the training sweeps, reason for stopping, history, versions.

    Notes
    -----
    Membrane, resting potential and after-spike currents are regressed together on the voltage between
    spikes; refractory time and reset rule on the spikes' shape. The components of the threshold maximise
    the likelihood of all spikes, which is convex. Then all numbers are refined for the explained
    variance of the training sweeps, held near their start by a quadratic pull whose strength, and
    whether to refine at all, is cross-validated over stretches of time, or over stimuli. A level also
    starts from the levels nested in it, and stays what they are where its freedom does not pay on what
    was held out; ``allentk.fitting.fit_levels`` fits several levels without doing so twice.

    References
    ----------
    Teeter et al. 2018, Nature Communications 9:709.

    Examples
    --------
    >>> fit = GLIFFitter(level=1).fit(sweeps)  # doctest: +SKIP
    >>> fit.score(sweeps)  # doctest: +SKIP
    0.81
    """

    def __init__(
        self,
        level: int = 3,
        *,
        method: str = "allentk",
        seed: int = 0,
        train: str = "Noise 1",
        test: str = "Noise 2",
        max_evaluations: int = 400,
        progress: bool | None = None,
    ) -> None:
        self.level = level
        self.method = method
        self.seed = seed
        self.train = train
        self.test = test
        self.max_evaluations = max_evaluations
        self.progress = progress

    @classmethod
    def of(cls, result: FitResult, **params: Any) -> GLIFFitter:
        """Return a fitter that has fitted already, from a result of ``fit_levels``.

        Parameters
        ----------
        result : FitResult
            The fit.
        **params
            As of the class, `level` and `seed` excepted.
        """
        fitter = cls(result.model.level, seed=result.seed, **params)
        fitter.result_, fitter.model_ = result, result.model
        return fitter

    def fit(self, sweeps: SweepSet | Sweep | Iterable[Sweep], y: Any = None) -> GLIFFitter:
        """Fit to the training sweeps of a recording.

        Parameters
        ----------
        sweeps : SweepSet, Sweep or iterable of Sweep
            The recording.
        y : None
            Not used.

        Returns
        -------
        GLIFFitter
            Itself, with ``model_`` and ``result_``.

        Raises
        ------
        ConfigError
            On a level or method that there is not, or a seed or number of evaluations that is no number
            of 0 or more.
        FitError
            Where the sweeps do not hold what the fit needs, or those of `test` but not of `train`; says
            what.
        """
        self._check_options()
        self.result_: FitResult = (
            self._published(sweeps) if self.method == "teeter2018" else self._recommended(sweeps)
        )
        self.model_: GLIFParameters = self.result_.model
        return self

    def _recommended(self, sweeps: SweepSet | Sweep | Iterable[Sweep]) -> FitResult:
        found = fit_levels(
            sweeps,
            (self.level,),
            seed=self.seed,
            train=self.train,
            test=self.test,
            max_evaluations=self.max_evaluations,
            progress=self.progress,
        )
        if self.level in found.errors:
            raise found.errors[self.level]
        return found.fits[self.level]

    def _published(self, sweeps: SweepSet | Sweep | Iterable[Sweep]) -> FitResult:
        from allentk.fitting.teeter import fit_teeter

        recording = sweep_set(sweeps)
        found = fit_teeter(
            recording,
            level=self.level,
            train=self.train,
            seed=int(self.seed),
            progress=self.progress,
        )
        source = f"{fitted_to(recording.synthetic)}, method teeter2018"
        return replace(found, model=replace(found.model, source=source))

    def _check_options(self) -> None:
        if self.level not in LEVELS:
            raise ConfigError(f"GLIFFitter fits the levels {LEVELS}, got {self.level!r}")
        if self.method not in METHODS:
            raise ConfigError(f"GLIFFitter: method must be one of {METHODS}, got {self.method!r}")
        for name in ("seed", "max_evaluations"):
            whole_number(name, getattr(self, name))

    def _fitted(self) -> GLIFParameters:
        if not hasattr(self, "model_"):
            raise NotFittedError("GLIFFitter: call fit(sweeps) first")
        return self.model_

    def predict(self, stimulus: Stimulus | ArrayLike, **kwargs: Any) -> Response:
        """Run the fitted model; takes what ``allentk.simulate`` takes.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        """
        return simulate(self._fitted(), stimulus, **kwargs)

    def evaluate(
        self, sweeps: SweepSet | Sweep | Iterable[Sweep], *, sigma_s: float = SIGMA_S
    ) -> dict[str, Any]:
        """Score the fitted model on the hold-out sweeps of a recording.

        Stimuli to which the cell never fired are left out; a warning is logged of how many.

        Returns
        -------
        dict
            ``ratio``, ``model``, ``data``, ``pairwise``, ``reliability``, ``n_trials`` as in
            ``allentk.fitting.score_trains``; means over stimuli where there are several, weighted by their
            trials; ``n_spikes_model`` and ``n_spikes_data`` (mean per trial); and ``stimulus``, the names
            of what was scored.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        FitError
            Where there are sweeps of `train` but not of `test`, or where no trial has a spike.
        """
        model = self._fitted()
        trials = choose(sweeps, self.test, other=self.train, option="test")
        scored = [
            group for group in groups(trials) if any(t.spike_times_s.size for t in group.trials)
        ]
        weights = [len(group.trials) for group in scored]
        total, numbers = sum(weights), [trial.number for trial in trials]
        if not scored:
            raise FitError(
                f"sweeps {numbers} hold no spike: there is nothing to score; name a stimulus the cell "
                f"fired at with GLIFFitter(test=...), or --test"
            )
        if total < len(trials):
            log.warning("left out %d of the sweeps %s: no spike", len(trials) - total, numbers)
        rows = [_score(model, group, sigma_s) for group in scored]
        out: dict[str, Any] = {
            key: sum(row[key] * n for row, n in zip(rows, weights, strict=True)) / total
            for key in rows[0]
        }
        names = {t.sweep.stimulus or "unknown stimulus" for group in scored for t in group.trials}
        return {**out, "n_trials": float(total), "stimulus": ", ".join(sorted(names))}

    def score(self, sweeps: SweepSet | Sweep | Iterable[Sweep], y: Any = None) -> float:
        """Return the explained-variance ratio at 10 ms on the hold-out sweeps."""
        return float(self.evaluate(sweeps)["ratio"])

    def __repr__(self) -> str:
        fitted = f", fitted: {self.result_!r}" if hasattr(self, "result_") else ""
        return f"GLIFFitter(level={self.level}, method={self.method!r}, seed={self.seed}{fitted})"


def _score(model: GLIFParameters, group: Group, sigma_s: float) -> dict[str, float]:
    """Score a model on the trials of one stimulus."""
    times = (spike_steps(model, group.current_pa, dt_s=DT_S) + 1) * DT_S
    trains = [trial.spike_times_s for trial in group.trials]
    row = score_trains(times, trains, group.duration_s, sigma_s=sigma_s)
    row["n_spikes_model"] = float(times.size)
    row["n_spikes_data"] = sum(train.size for train in trains) / len(trains)
    return row
