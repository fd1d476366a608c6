"""The distribution of one metric in one class of cells: exact, or in quantiles."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from allentk.data._arrays import frozen
from allentk.errors import DataError

__all__ = ["MIN_CELLS", "Distribution", "rounded"]

Array = NDArray[np.float64]
Side = Literal["left", "right"]
_SIDES: tuple[Side, Side] = ("left", "right")

#: Fewest cells a class needs, on either side, to be scored.
MIN_CELLS = 15

#: Most cells of a class: as many are drawn for every interval.
_MOST_CELLS = 10_000_000

#: From here on no float has a decimal, and rounding could overflow.
_NO_DECIMALS = 2.0**53

#: 95th percentile of Kolmogorov's distribution.
_KOLMOGOROV_95 = 1.3581

#: Fewest cells of which quartiles are given.
_MIN_QUARTILES = 5


def rounded(values: ArrayLike) -> Array:
    """Return `values` rounded to 9 decimals, so that equal rates computed in two ways are equal."""
    array = np.asarray(values, dtype=float)
    small = np.abs(array) < _NO_DECIMALS
    out: Array = np.where(small, np.round(np.where(small, array, 0.0), 9), array)
    return out


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Distribution:
    """Values of one metric in one class of cells.

    Parameters
    ----------
    values : array_like, shape (k,)
        Sorted values: one per cell, or the quantiles at `probabilities`. Empty for a class of which no
        more is known than its size.
    probabilities : array_like, shape (k,), optional
        Rising from 0 to 1, where `values` are quantiles. The cumulative distribution is then linear
        between them, and jumps where quantiles are equal. Or all between 0 and 1, such as 0.05, 0.25,
        0.5, 0.75, 0.95, where no more is published: nothing is known between these (`partial`).
    n : int
        Number of cells, at most ten million.
    median, q25, q75 : float
        In the unit of `values`; NaN where fewer than 5 cells.
    ceiling : float
        Mean of 1 - KS between random halves of the cells, 0 to 1: how well the data agree with themselves.
    noise_floor : float
        95th percentile of the KS distance between those halves: a smaller distance says nothing.
    quantile_error : float
        Largest difference between the exact cumulative distribution and the one in quantiles; a KS
        distance errs by no more than this. 0 for exact values.

    Raises
    ------
    DataError
        Where values are unsorted or not finite, or the probabilities do not fit them; where the number of
        cells is no such number, or a ceiling, floor or error no share.
    """

    values: Array
    probabilities: Array | None = None
    n: int
    median: float = math.nan
    q25: float = math.nan
    q75: float = math.nan
    ceiling: float = math.nan
    noise_floor: float = math.nan
    quantile_error: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", frozen(self.values))
        self._check_numbers()
        if (
            self.values.ndim != 1
            or not np.isfinite(self.values).all()
            or (np.diff(self.values) < 0).any()
        ):
            raise DataError("Distribution: values must be finite and sorted, in one line")
        if self.probabilities is None:
            return
        p = frozen(self.probabilities)
        object.__setattr__(self, "probabilities", p)
        if p.shape != self.values.shape or (np.diff(p) <= 0).any():
            raise DataError(
                f"Distribution: probabilities must rise, one per quantile; got {p.size} for "
                f"{self.values.size} quantiles"
            )
        whole = not p.size or (p[0] == 0 and p[-1] == 1)
        if not whole and not (p[0] > 0 and p[-1] < 1):
            raise DataError(
                f"Distribution: probabilities must run from 0 to 1, or lie between them, got {p[0]:g} "
                f"to {p[-1]:g}"
            )

    def _check_numbers(self) -> None:
        number = isinstance(self.n, int | float | np.integer | np.floating)
        if not number or not 0 <= self.n <= _MOST_CELLS or self.n != int(self.n):
            raise DataError(
                f"Distribution: n must be a number of cells, 0 to {_MOST_CELLS}, got {self.n!r}"
            )
        object.__setattr__(self, "n", int(self.n))  # tables and JSON may hold 4.0
        if self.probabilities is None and self.n != self.values.size:
            raise DataError(
                f"Distribution: expected one value per cell, {self.n}, got {self.values.size}; quantiles "
                f"need their probabilities"
            )
        for name, least in (("ceiling", 1e-6), ("noise_floor", 0.0), ("quantile_error", 0.0)):
            value = getattr(self, name)
            if not (math.isnan(value) or least <= value <= 1):
                raise DataError(f"Distribution: {name} must lie in {least:g}..1, got {value!r}")

    @classmethod
    def from_samples(cls, samples: ArrayLike) -> Distribution:
        """Return the exact distribution of `samples`, which are finite."""
        values = np.sort(rounded(samples).ravel())
        quartiles = [math.nan] * 3
        if values.size >= _MIN_QUARTILES:
            quartiles = [float(q) for q in np.quantile(values, [0.25, 0.5, 0.75])]
        q25, median, q75 = quartiles
        return cls(values=values, n=values.size, median=median, q25=q25, q75=q75)

    @classmethod
    def from_published(cls, values: ArrayLike, probabilities: ArrayLike, n: int) -> Distribution:
        """Return the distribution of which a few quantiles and the number of cells are published.

        Ceiling and noise floor are those of `n` cells of any continuous distribution, by Kolmogorov's
        limit; they do not depend on the values.

        Examples
        --------
        >>> few = Distribution.from_published([38, 48, 59, 74, 93], [0.05, 0.25, 0.5, 0.75, 0.95], 913)
        >>> few.median, round(few.ceiling, 2), few.partial
        (59.0, 0.94, True)
        """
        known = cls(values=frozen(values), probabilities=frozen(probabilities), n=n)
        q, p = known.values, np.asarray(known.probabilities)
        q25, median, q75 = (
            float(q[p == level][0]) if (p == level).any() else math.nan
            for level in (0.25, 0.5, 0.75)
        )
        ceiling, floor = _of_continuous_halves(n)
        gap = float(np.diff(np.concatenate([[0.0], p, [1.0]])).max())
        return replace(
            known,
            median=median,
            q25=q25,
            q75=q75,
            ceiling=ceiling,
            noise_floor=floor,
            quantile_error=gap,
        )

    @property
    def partial(self) -> bool:
        """Whether no more is known than a few quantiles, without the tails."""
        p = self.probabilities
        return p is not None and p.size > 0 and bool(p[0] > 0)

    def cdf(self, x: ArrayLike, side: Side = "right") -> Array:
        """Return the cumulative probability at `x`, or just left of it.

        Parameters
        ----------
        x : array_like
            Values of the metric.
        side : "right" or "left"
            The limit from this side; they differ where many cells have one value.

        Returns
        -------
        ndarray
            Of the shape of `x`, 0 to 1; NaN where `x` is, and everywhere without values.
        """
        at = np.asarray(x, dtype=float)
        if not self.values.size:
            return np.full(at.shape, np.nan)
        index = np.searchsorted(self.values, at, side=side)
        if self.probabilities is None:
            share: Array = np.where(np.isnan(at), np.nan, index / self.values.size)
            return share
        below, above = np.maximum(index - 1, 0), np.minimum(index, self.values.size - 1)
        q, p = self.values, self.probabilities
        gap = q[above] - q[below]
        part = np.divide(at - q[below], gap, out=np.zeros(at.shape), where=gap > 0)
        inside = p[below] + part * (p[above] - p[below])
        outside = np.where(index == 0, 0.0, 1.0)
        limits: Array = np.where((index == 0) | (index == q.size), outside, inside)
        return np.where(np.isnan(at), np.nan, limits)

    def bounds(self) -> tuple[Array, Array, Array]:
        """Return what a few quantiles say of the cumulative distribution, at each of their values once.

        Returns
        -------
        places, below, upto : ndarray, shape (k,)
            Rising values; the most that the probability left of each can be, and the least that it is at
            each. These differ where several quantiles have one value.

        Examples
        --------
        >>> few = Distribution.from_published([0, 0, 3], [0.25, 0.5, 0.75], 100)
        >>> [part.tolist() for part in few.bounds()]
        [[0.0, 3.0], [0.25, 0.75], [0.5, 0.75]]
        """
        p = np.asarray(self.probabilities, dtype=float)
        places, first = np.unique(self.values, return_index=True)
        last = np.append(first[1:], p.size) - 1
        return places, p[first], p[last]

    def in_quantiles(self) -> Distribution:
        """Return the distribution in quantiles, which tell no cell's value.

        101 quantiles from 100 cells on, half as many as cells below that, and none where the class is
        too small to be scored. The first and the last, which would be the values of two cells, are set so
        that the tails keep their means, and with them the Wasserstein distance.
        """
        if self.probabilities is not None:
            return self
        count = 101 if self.n >= 100 else (self.n // 2 if self.n >= MIN_CELLS else 0)
        p = np.linspace(0, 1, count)
        values = rounded(_inner_quantiles(self.values, p)) if count else np.empty(0)
        coarse = replace(self, values=values, probabilities=p)
        if not count:
            return coarse
        error = max(
            float(np.abs(self.cdf(self.values, side) - coarse.cdf(self.values, side)).max())
            for side in _SIDES
        )
        return replace(coarse, quantile_error=error)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types: numbers and quantiles, never the values of cells."""
        coarse = self.in_quantiles()
        numbers = {name: float(getattr(coarse, name)) for name in _NUMBERS}
        known = {k: None if math.isnan(v) else round(v, 6) for k, v in numbers.items()}
        content = {**known, "n": coarse.n, "quantiles": coarse.values.tolist()}
        if coarse.probabilities is not None and coarse.partial:
            content["probabilities"] = coarse.probabilities.tolist()
        return content

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Distribution:
        """Return the distribution written by ``to_dict``.

        Quantiles are evenly spaced from 0 to 1 where no ``"probabilities"`` stand beside them.
        """
        values = np.asarray(content["quantiles"], dtype=float)
        p = np.asarray(content.get("probabilities", np.linspace(0, 1, values.size)), dtype=float)
        known = {k: math.nan if content[k] is None else float(content[k]) for k in _NUMBERS}
        return cls(values=values, probabilities=p, n=content["n"], **known)


def _of_continuous_halves(n: int) -> tuple[float, float]:
    """Return ceiling and noise floor of `n` cells without ties: mean and 95 % of Kolmogorov's limit."""
    half = n // 2
    if half < MIN_CELLS:
        return math.nan, math.nan
    spread = math.sqrt(2 / half)
    return 1 - math.sqrt(math.pi / 2) * math.log(2) * spread, _KOLMOGOROV_95 * spread


def _inner_quantiles(values: Array, p: Array) -> Array:
    """Return the quantiles of sorted `values`; the ends make the outer steps' means those of the cells."""
    q: Array = np.quantile(values, p)
    low, high = values[values <= q[1]], values[values >= q[-2]]
    q[0] = np.clip(2 * low.mean() - q[1], values[0], q[1])
    q[-1] = np.clip(2 * high.mean() - q[-2], q[-2], values[-1])
    return q


#: Fields beside the values and their number.
_NUMBERS = ("median", "q25", "q75", "ceiling", "noise_floor", "quantile_error")
