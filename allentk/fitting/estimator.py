"""GLIFFitter: fit, predict and score, in the manner of scikit-learn."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any

from numpy.typing import ArrayLike

from allentk.data import Response, Stimulus, Sweep, SweepSet
from allentk.errors import ConfigError, FitError, NotFittedError
from allentk.fitting.glif import LEVELS, fit_glif
from allentk.fitting.objectives import SIGMA_S, score_trains
from allentk.fitting.recording import DT_S, Trial, groups, read, sweep_set
from allentk.fitting.result import FitResult
from allentk.models import GLIFParameters
from allentk.simulation import simulate
from allentk.simulation.glif import spike_steps

__all__ = ["GLIFFitter"]


class GLIFFitter:
    """Fit a GLIF neuron to recorded noise.

    Parameters
    ----------
    level : {1, 3}
        1: leaky integrate-and-fire. 3: with after-spike currents.
    seed : int
        Draws the candidates of the refinement.
    train, test : str
        Stimulus to fit on and stimulus to score on. Where a recording has no sweep of that name,
        all its current-clamp sweeps are taken.
    max_evaluations : int
        Simulated candidates of the refinement; 0 leaves it at regressions and a scan of the threshold.
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
    Resting potential, resistance and capacitance are regressed on the voltage outside spikes; the
    refractory time comes from the spikes' shape; after-spike currents are regressed on the voltage
    between spikes; the threshold is scanned for the explained variance of the training sweeps, and
    then all numbers are refined together, held near their start by a quadratic pull.

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
        seed: int = 0,
        train: str = "Noise 1",
        test: str = "Noise 2",
        max_evaluations: int = 400,
        progress: bool | None = None,
    ) -> None:
        self.level = level
        self.seed = seed
        self.train = train
        self.test = test
        self.max_evaluations = max_evaluations
        self.progress = progress

    @classmethod
    def _names(cls) -> list[str]:
        return [name for name in inspect.signature(cls.__init__).parameters if name != "self"]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters given; `deep` is there for scikit-learn."""
        return {name: getattr(self, name) for name in self._names()}

    def set_params(self, **params: Any) -> GLIFFitter:
        """Set parameters by name.

        Raises
        ------
        ConfigError
            On an unknown name.
        """
        for name, value in params.items():
            if name not in self._names():
                raise ConfigError(f"GLIFFitter has no parameter {name!r}; it has {self._names()}")
            setattr(self, name, value)
        return self

    def fit(self, sweeps: SweepSet | Iterable[Sweep], y: Any = None) -> GLIFFitter:
        """Fit to the training sweeps of a recording.

        Parameters
        ----------
        sweeps : SweepSet or iterable of Sweep
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
            On a level that is not fitted.
        FitError
            Where the sweeps do not hold what the fit needs; says what.
        """
        if self.level not in LEVELS:
            raise ConfigError(
                f"GLIFFitter fits the levels {LEVELS}, got {self.level!r}; models of all five levels are "
                f"read by allentk.read_glif and run by allentk.simulate"
            )
        self.result_: FitResult = fit_glif(
            self._trials(sweeps, self.train),
            level=self.level,
            seed=self.seed,
            max_evaluations=self.max_evaluations,
            progress=self.progress,
        )
        self.model_: GLIFParameters = self.result_.model
        return self

    @staticmethod
    def _trials(sweeps: SweepSet | Iterable[Sweep], stimulus: str) -> list[Trial]:
        given = sweep_set(sweeps)
        clamped = given.where(clamp="current")
        named = clamped.where(stimulus=stimulus)
        chosen = named if len(named) else clamped
        if not len(chosen):
            raise FitError(f"{given!r}: there is no current-clamp sweep")
        return [read(sweep) for sweep in chosen]

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
        self, sweeps: SweepSet | Iterable[Sweep], *, sigma_s: float = SIGMA_S
    ) -> dict[str, float]:
        """Score the fitted model on the hold-out sweeps of a recording.

        Returns
        -------
        dict
            ``ratio``, ``model``, ``data``, ``pairwise``, ``reliability``, ``n_trials`` as in
            ``allentk.fitting.score_trains``; means over stimuli where there are several, weighted by their
            trials; ``n_spikes_model`` and ``n_spikes_data`` (mean per trial).

        Raises
        ------
        NotFittedError
            Before ``fit``.
        FitError
            Where no trial has a spike.
        """
        model = self._fitted()
        rows, weights = [], []
        for group in groups(self._trials(sweeps, self.test)):
            times = (spike_steps(model, group.current_pa, dt_s=DT_S) + 1) * DT_S
            trains = [trial.spike_times_s for trial in group.trials]
            row = score_trains(times, trains, group.duration_s, sigma_s=sigma_s)
            row["n_spikes_model"] = float(times.size)
            row["n_spikes_data"] = sum(train.size for train in trains) / len(trains)
            rows.append(row)
            weights.append(len(trains))
        total = sum(weights)
        out = {
            key: sum(row[key] * n for row, n in zip(rows, weights, strict=True)) / total
            for key in rows[0]
        }
        return {**out, "n_trials": float(total)}

    def score(self, sweeps: SweepSet | Iterable[Sweep], y: Any = None) -> float:
        """Return the explained-variance ratio at 10 ms on the hold-out sweeps."""
        return self.evaluate(sweeps)["ratio"]

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn what this is; only scikit-learn asks."""
        from sklearn.utils import Tags, TargetTags

        return Tags(estimator_type="regressor", target_tags=TargetTags(required=False))

    def __repr__(self) -> str:
        fitted = f", fitted: {self.result_!r}" if hasattr(self, "result_") else ""
        return f"GLIFFitter(level={self.level}, seed={self.seed}{fitted})"
