"""Background that comes and goes in waves.

References
----------
Arkhipov et al. 2018, PLoS Computational Biology 14:e1006535 (background "travelling waves").
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.data import StimulusTable
from allentk.data._arrays import frozen
from allentk.errors import DataError
from allentk.network.keys import key_of

__all__ = ["TravellingWaves"]

#: Waves begin this long before 0 s, so that a run may start within one.
_BEFORE_S = 10.0

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, repr=False, eq=False, kw_only=True)
class TravellingWaves:
    """Sources in a plane that fire while a plane wave passes over them; silent in between.

    Waves of random directions follow each other, whatever is shown. They are part of the source, drawn by
    its seed; the spikes are drawn anew in every run.

    Parameters
    ----------
    x_um, y_um : array_like, shape (n,)
        Where the sources are.
    rate_hz : array_like, shape (n,)
        Rate of every source while a wave passes.
    up_s : (float, float)
        Least and greatest duration of a wave at a place, seconds.
    between_s : (float, float)
        Least and greatest pause after it.
    length_um : float
        Length of a wave of mean duration, over which it gives the speed of all.
    seed : int
        Draws the waves.

    Raises
    ------
    DataError
        Where lengths disagree, a rate is negative, or a duration or length is not positive.

    Examples
    --------
    >>> waves = TravellingWaves(x_um=[0.0, 9.0], y_um=[0.0, 0.0], rate_hz=[10.0, 10.0], up_s=(0.2, 1.2),
    ...                         between_s=(0.25, 1.75), length_um=2000.0)
    >>> times, ids = waves.spikes(None, 0.0, 20.0, np.random.default_rng(0))
    >>> bool(times.size > 50)
    True
    """

    x_um: Array
    y_um: Array
    rate_hz: Array
    up_s: tuple[float, float]
    between_s: tuple[float, float]
    length_um: float
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("x_um", "y_um", "rate_hz"):
            held = frozen(getattr(self, name), what=f"TravellingWaves: {name}")
            if held.ndim != 1 or not np.isfinite(held).all():
                raise DataError(f"TravellingWaves: {name} must be flat and finite")
            object.__setattr__(self, name, held)
        if not self.x_um.size == self.y_um.size == self.rate_hz.size:
            raise DataError("TravellingWaves: x_um, y_um and rate_hz must be equally long")
        if (self.rate_hz < 0).any():
            raise DataError(f"TravellingWaves: rates must be 0 or more, got {self.rate_hz.min()}")
        for name, least in (("up_s", 1e-3), ("between_s", 0.0)):
            low, high = getattr(self, name)
            if not least <= low <= high < math.inf:
                raise DataError(
                    f"TravellingWaves: {name} must be the least and the greatest duration, from {least:g} "
                    f"s on, got {low} and {high}"
                )
        if not 0 < self.length_um < math.inf:
            raise DataError(
                f"TravellingWaves: length_um must be positive and finite, got {self.length_um}"
            )

    @property
    def n_nodes(self) -> int:
        """Number of sources."""
        return self.x_um.size

    @property
    def mean_hz(self) -> float:
        """Mean rate of a source over a long time, about."""
        up, between = (sum(of) / 2 for of in (self.up_s, self.between_s))
        return float(self.rate_hz.mean()) * up / (up + between)

    def nodes(self) -> pd.DataFrame:
        """Return a node table: place and rate of every source."""
        columns = {"x_um": self.x_um, "y_um": self.y_um, "rate_hz": self.rate_hz}
        return pd.DataFrame({name: np.array(values) for name, values in columns.items()})

    def spikes(
        self,
        table: StimulusTable | None,  # noqa: ARG002  what a SpikeSource is asked
        start_s: float,
        stop_s: float,
        rng: np.random.Generator,
    ) -> tuple[Array, NDArray[np.int64]]:
        """Return times in seconds, sorted, and sources of the spikes in ``[start_s, stop_s)``."""
        times, ids = [np.empty(0)], [np.empty(0, dtype=np.int64)]
        for begin, up in self._passages(stop_s):
            first, last = np.maximum(begin, start_s), np.minimum(begin + up, stop_s)
            some = np.flatnonzero(last > first)
            counts = rng.poisson(self.rate_hz[some] * (last - first)[some])
            fired = np.repeat(some, counts)
            times.append(first[fired] + (last - first)[fired] * rng.random(fired.size))
            ids.append(fired)
        flat, who = np.concatenate(times), np.concatenate(ids)
        order = np.argsort(flat, kind="stable")
        return flat[order], who[order]

    def _passages(self, until_s: float) -> Iterator[tuple[Array, float]]:
        """Yield when each wave reaches every source, and how long it lasts there."""
        rng = np.random.default_rng(int(key_of(self.seed, "travelling waves")))
        place = self.x_um + 1j * self.y_um
        middle = place.mean() if place.size else 0j
        half = float(np.abs(place - middle).max(initial=0.0))
        per_um = sum(self.up_s) / 2 / self.length_um
        clock = -_BEFORE_S
        while clock < until_s:
            up, between, angle = rng.uniform(
                (self.up_s[0], self.between_s[0], 0.0),
                (self.up_s[1], self.between_s[1], 2 * math.pi),
            )
            along = half + ((place - middle) * np.exp(-1j * angle)).real
            yield clock + along * per_um, float(up)
            clock += up + between

    def __repr__(self) -> str:
        return f"<TravellingWaves: {self.n_nodes} sources of {self.mean_hz:.3g} Hz>"
