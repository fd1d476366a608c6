"""Populations of model cells: how many, which model each has, where they lie, what they prefer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from allentk.data._arrays import frozen
from allentk.errors import DataError
from allentk.models import BiophysicalModel, GLIFParameters
from allentk.network.positions import Region, place

__all__ = ["Places", "cell_models", "cell_nodes", "number_of_cells"]

Array = NDArray[np.float64]
Places: TypeAlias = Region | pd.DataFrame | ArrayLike


def cell_models(models: object) -> tuple[Any, ...]:
    """Return the models of what was given: models themselves, fitted estimators or results of fits.

    Raises
    ------
    DataError
        On anything else, or an estimator that is not fitted.
    """
    given = models if isinstance(models, Sequence) else (models,)
    return tuple(_model(model) for model in given)


def _model(given: object) -> object:
    places: list[object] = [given, getattr(given, "model_", None), getattr(given, "model", None)]
    for candidate in places:
        if isinstance(candidate, GLIFParameters | BiophysicalModel):
            return candidate
    raise DataError(
        f"from_models: expected GLIFParameters, a BiophysicalModel, or a fit of one, got "
        f"{type(given).__name__}; an estimator is to be fitted first"
    )


def number_of_cells(n: int | None, density_per_mm3: float | None, positions: Places | None) -> int:
    """Return how many cells there are: as said, as a density gives, or as there are places.

    Raises
    ------
    DataError
        Where that is not said, said twice, or not positive.
    """
    region = _region(positions)
    if region is None and positions is not None and density_per_mm3 is None:
        listed = len(np.atleast_1d(np.asarray(positions)))
        if n in (None, listed):
            return listed
        raise DataError(f"from_models: n is {n}, and there are {listed} positions; leave out n")
    if (n is None) == (density_per_mm3 is None):
        raise DataError(
            "from_models: give n, or density_per_mm3 with a region for positions, or a list of positions"
        )
    if density_per_mm3 is None:
        found = n or 0
    elif region is None:
        raise DataError("from_models: density_per_mm3 needs a region for positions, such as Column")
    elif not 0 < density_per_mm3 < np.inf:
        raise DataError(f"from_models: density_per_mm3 must be positive, got {density_per_mm3}")
    else:
        found = round(density_per_mm3 * region.volume_mm3)
    if not isinstance(found, int | np.integer) or found < 1:
        raise DataError(f"from_models: expected a whole number of cells, 1 at least, got {found}")
    return found


def cell_nodes(
    n: int,
    n_models: int,
    *,
    positions: Places | None,
    weights: ArrayLike | None,
    min_distance_um: float,
    tuning: str | ArrayLike | None,
    cell_class: str,
    columns: Mapping[str, ArrayLike],
    seed: int,
) -> pd.DataFrame:
    """Return the node table of new cells; every column is drawn by numbers of its own."""
    draw_models, draw_places, draw_tuning = (
        np.random.default_rng(stream) for stream in np.random.SeedSequence(seed).spawn(3)
    )
    nodes: dict[str, Any] = {"model": draw_models.permutation(_shares(n, n_models, weights))}
    if positions is not None:
        region = _region(positions)
        places = (
            _listed(positions)
            if region is None
            else place(region, n, draw_places, min_distance_um=min_distance_um)
        )
        nodes |= dict(zip(("x_um", "y_um", "z_um"), places.T, strict=False))
    nodes["cell_class"] = cell_class
    if tuning is not None:
        nodes["tuning_angle_deg"] = _tuning(tuning, n, draw_tuning)
    nodes |= columns
    for name, values in nodes.items():
        if np.ndim(values) and np.shape(values)[0] != n:
            raise DataError(
                f"from_models: {name} must have one value for each of {n} cells, got {np.shape(values)[0]}"
            )
    return pd.DataFrame(nodes, index=range(n))


def _region(positions: Places | None) -> Region | None:
    return positions if hasattr(positions, "volume_mm3") else None  # type: ignore[return-value]


def _shares(n: int, n_models: int, weights: ArrayLike | None) -> NDArray[np.int64]:
    """Return a model for every cell; the numbers of cells are as near to the shares as they can be."""
    shares = np.ones(n_models) if weights is None else frozen(weights, what="from_models: weights")
    if shares.shape != (n_models,) or not (shares >= 0).all() or not 0 < shares.sum() < np.inf:
        raise DataError(
            f"from_models: weights must be one number of 0 or more for each of {n_models} models, got "
            f"{shares.tolist()}"
        )
    ends = np.rint(np.cumsum(shares) / shares.sum() * n).astype(np.int64)
    return np.repeat(np.arange(n_models), np.diff(ends, prepend=0))


def _listed(positions: Any) -> Array:
    if isinstance(positions, pd.DataFrame):
        named = [name for name in ("x_um", "y_um", "z_um") if name in positions]
        positions = positions[named].to_numpy(float)
    places = frozen(positions, what="from_models: positions")
    if places.ndim != 2 or places.shape[1] not in (2, 3):
        raise DataError(
            f"from_models: positions must be a region, or x, y and z of every cell, shape (n, 3); got "
            f"shape {places.shape}"
        )
    return places


def _tuning(tuning: str | ArrayLike, n: int, rng: np.random.Generator) -> Array:
    if not isinstance(tuning, str):
        return frozen(tuning, what="from_models: tuning")
    if tuning == "even":
        return rng.permutation(n) * 360.0 / n
    if tuning == "random":
        return rng.uniform(0.0, 360.0, n)
    raise DataError(
        f"from_models: tuning must be even, random or angles in degrees, got {tuning!r}"
    )
