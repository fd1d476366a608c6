"""Cells that belong together: their models, or the source of their spikes, and one row per node."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, cast

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from allentk.data import StimulusTable
from allentk.data._html import card, synthetic_end, table
from allentk.errors import DataError
from allentk.models import BiophysicalModel, GLIFParameters
from allentk.network.keys import key_of
from allentk.network.populating import Places, cell_models, cell_nodes, number_of_cells

__all__ = ["NODE_COLUMNS", "Population", "SpikeSource"]

#: Columns a node table may have, with units; further columns are kept.
NODE_COLUMNS = {
    "model": "index of the node's model in the population's models",
    "x_um": "position in micrometres, in SONATA files x",
    "y_um": "position in micrometres, in SONATA files y",
    "z_um": "position in micrometres, in SONATA files z",
    "x_deg": "position in the visual field, degrees to the right",
    "y_deg": "position in the visual field, degrees up",
    "cell_class": "class of cells, as the reference data name it, such as L4 Exc",
    "tuning_angle_deg": "preferred direction of motion by wiring, degrees; NaN where there is none",
}


class SpikeSource(Protocol):
    """What makes the spikes of a virtual population."""

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        ...

    def spikes(
        self, table: StimulusTable, start_s: float, stop_s: float, rng: np.random.Generator
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return times in seconds, sorted, and nodes of the spikes in ``[start_s, stop_s)``."""
        ...


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Population:
    """Nodes of one kind.

    Parameters
    ----------
    name : str
        Unique in its network.
    models : tuple of GLIFParameters, or tuple of BiophysicalModel
        The models of the cells, all point neurons or all compartmental; empty for a virtual population.
    nodes : DataFrame
        One row per node, columns of `NODE_COLUMNS`; its ids are the rows, 0 to n - 1. Where there is one
        model, ``model`` may be left out.
    source : SpikeSource, optional
        What makes the spikes of a virtual population, such as an ``LGN``.

    Raises
    ------
    DataError
        Without a node; with models and a source, or neither; where models are of another type or mixed;
        where ``model`` points at no model; on a column named twice; where a place is not finite, or a
        preferred direction infinite.

    Examples
    --------
    >>> cell = GLIFParameters(level=1, C_pf=60, R_mohm=170, E_L_mv=-70, th_inf_mv=25, t_ref_s=0.003)
    >>> Population("exc", (cell,), pd.DataFrame({"x_um": [0.0, 10.0], "y_um": [0.0, 0.0]}))
    <Population exc: 2 cells, 1 model>
    """

    name: str
    models: tuple[GLIFParameters, ...] | tuple[BiophysicalModel, ...]
    nodes: pd.DataFrame
    source: SpikeSource | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "models", tuple(self.models))
        nodes = self.nodes.reset_index(drop=True).copy()
        if len(nodes) == 0:
            raise DataError(f"population {self.name!r}: the node table has no row")
        if not nodes.columns.is_unique:
            twice = list(nodes.columns[nodes.columns.duplicated()])
            raise DataError(f"population {self.name!r}: the node table has columns twice: {twice}")
        if bool(self.models) == (self.source is not None):
            raise DataError(
                f"population {self.name!r}: expected either models (cells to simulate) or a source "
                f"(a virtual population), got {len(self.models)} models and source {self.source!r}"
            )
        if self.models:
            self._check_models()
            nodes = self._with_models(nodes)
        elif self.source is not None and self.source.n_nodes != len(nodes):
            raise DataError(
                f"population {self.name!r}: the source has {self.source.n_nodes} nodes, the node "
                f"table {len(nodes)} rows"
            )
        self._check_places(nodes)
        object.__setattr__(self, "nodes", nodes)

    @classmethod
    def from_models(
        cls,
        name: str,
        models: object,
        n: int | None = None,
        *,
        positions: Places | None = None,
        density_per_mm3: float | None = None,
        weights: ArrayLike | None = None,
        min_distance_um: float = 0.0,
        tuning: str | ArrayLike | None = None,
        cell_class: str | None = None,
        columns: Mapping[str, ArrayLike] | None = None,
        seed: int = 0,
    ) -> Population:
        """Turn models, or the fits they come from, into a population of cells.

        Parameters
        ----------
        name : str
            Unique in its network.
        models : model, fit, or sequence of them
            GLIFParameters, a BiophysicalModel, fitted estimators or their results.
        n : int, optional
            Number of cells.
        positions : Region, DataFrame or array_like, optional
            Where they are: a ``Column``, ``Box`` or ``Ellipsoid`` they are spread over, a table with
            ``x_um``, ``y_um`` and ``z_um``, or an array of shape (n, 3) in um.
        density_per_mm3 : float, optional
            Cells per cubic millimetre of the region, in place of `n`.
        weights : array_like, optional
            Share of every model; equal shares without. Which cell has which model is drawn.
        min_distance_um : float
            Least distance between two cells of a region.
        tuning : {"even", "random"} or array_like, optional
            Preferred directions: spread evenly over the circle, drawn, or given in degrees.
        cell_class : str, optional
            Class of all cells; by default the name.
        columns : mapping, optional
            Further columns of the node table.
        seed : int
            With the name, draws models, places and tuning.

        Raises
        ------
        DataError
            Where the number of cells is not clear, or something given is no model.

        Examples
        --------
        >>> from allentk.network import Column
        >>> cell = GLIFParameters(level=1, C_pf=60, R_mohm=170, E_L_mv=-70, th_inf_mv=25, t_ref_s=0.003)
        >>> Population.from_models("L4 Exc", cell, n=500, positions=Column(200, (0, 100)), tuning="even")
        <Population L4 Exc: 500 cells, 1 model>
        """
        cells = cell_models(models)
        nodes = cell_nodes(
            number_of_cells(n, density_per_mm3, positions),
            len(cells),
            positions=positions,
            weights=weights,
            min_distance_um=min_distance_um,
            tuning=tuning,
            cell_class=name if cell_class is None else cell_class,
            columns=columns or {},
            seed=int(key_of(seed, name) >> np.uint64(1)),
        )
        return cls(name, cells, nodes)

    def _check_models(self) -> None:
        kinds = {type(model) for model in self.models}
        if kinds not in ({GLIFParameters}, {BiophysicalModel}):
            raise DataError(
                f"population {self.name!r}: models must be all GLIFParameters or all BiophysicalModel, "
                f"got {', '.join(sorted(kind.__name__ for kind in kinds))}; a population of another "
                f"kind needs a name of its own, and parameters need their morphology "
                f"(BiophysicalModel(parameters, morphology))"
            )

    def _with_models(self, nodes: pd.DataFrame) -> pd.DataFrame:
        if "model" not in nodes:
            if len(self.models) > 1:
                raise DataError(
                    f"population {self.name!r}: {len(self.models)} models, and no column 'model' that "
                    f"says which node has which; got {list(nodes.columns)}"
                )
            return nodes.assign(model=0)
        index = nodes["model"].to_numpy()
        wrong = ~np.isin(index, np.arange(len(self.models)))
        if wrong.any():
            row = int(wrong.argmax())
            raise DataError(
                f"population {self.name!r}: node {row} has model {index[row]}; there are models 0 to "
                f"{len(self.models) - 1}"
            )
        return nodes.assign(model=index.astype(np.int64))

    def _check_places(self, nodes: pd.DataFrame) -> None:
        """Refuse places that are not finite, and directions that are neither that nor NaN for none."""
        for column in ("x_um", "y_um", "z_um", "x_deg", "y_deg", "tuning_angle_deg"):
            if column not in nodes:
                continue
            try:
                values = nodes[column].to_numpy(float)
            except (TypeError, ValueError) as error:
                raise DataError(
                    f"population {self.name!r}: {column} must be numbers, got {nodes[column].iloc[0]!r}: "
                    f"{error}"
                ) from error
            wrong = np.isinf(values) if column == "tuning_angle_deg" else ~np.isfinite(values)
            if wrong.any():
                row = int(wrong.argmax())
                raise DataError(f"population {self.name!r}: {column} of node {row} is not finite")

    @property
    def virtual(self) -> bool:
        """Whether the nodes are sources of spikes, not cells to simulate."""
        return self.source is not None

    @property
    def compartmental(self) -> bool:
        """Whether the cells have compartments, which the NEURON engine runs."""
        return isinstance(next(iter(self.models), None), BiophysicalModel)

    @property
    def point_models(self) -> tuple[GLIFParameters, ...]:
        """The models of a population of point neurons; empty for any other."""
        return () if self.compartmental else cast("tuple[GLIFParameters, ...]", self.models)

    @property
    def compartmental_models(self) -> tuple[BiophysicalModel, ...]:
        """The models of a population of compartmental cells; empty for any other."""
        return cast("tuple[BiophysicalModel, ...]", self.models) if self.compartmental else ()

    def __len__(self) -> int:
        return len(self.nodes)

    def __repr__(self) -> str:
        if self.virtual:
            return f"<Population {self.name}: {len(self)} virtual nodes>"
        plural = "" if len(self.models) == 1 else "s"
        kind = "biophysical " if self.compartmental else ""
        return (
            f"<Population {self.name}: {len(self)} cells, {len(self.models)} {kind}model{plural}"
            f"{synthetic_end(self.synthetic)}>"
        )

    @property
    def synthetic(self) -> bool:
        """Whether a model rests on made-up data."""
        return any(model.synthetic for model in self.models)

    def _repr_html_(self) -> str:
        return card(self, table(self.nodes, most=5), synthetic=self.synthetic)
