"""The cells of the layer 4 model from the Cell Types Database."""

from __future__ import annotations

from typing import Protocol

from allentk.models import BiophysicalModel
from allentk.network.recipes.layer4_numbers import KINDS

__all__ = ["fetch_layer4_cells"]


class _Models(Protocol):
    """What ``CellTypes`` has."""

    def biophysical_model(
        self, specimen_id: int, kind: str = ..., *, axon: str | None = ...
    ) -> BiophysicalModel: ...


def fetch_layer4_cells(cells: _Models) -> dict[str, BiophysicalModel]:
    """Fetch the perisomatic models of the five types of cells of the layer 4 model.

    Parameters
    ----------
    cells : CellTypes
        The service; what it downloads is kept in its cache.

    Returns
    -------
    dict of str to BiophysicalModel
        By population: what ``recipes.layer4(cells=...)`` takes.

    Raises
    ------
    DataError
        Where the service has no such model.
    ServiceError
        Where it cannot be reached.

    Examples
    --------
    >>> import allentk as atk
    >>> cells = fetch_layer4_cells(atk.CellTypes())  # doctest: +SKIP
    >>> atk.recipes.layer4(0.01, cells=cells)  # doctest: +SKIP
    """
    return {
        kind.name: cells.biophysical_model(kind.specimen, axon="stub")
        for kind in KINDS
        if kind.core
    }
