"""One cell from its id to fitted models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from allentk import features
from allentk.api import CellTypes
from allentk.data import Morphology, SweepSet
from allentk.errors import DataError
from allentk.fitting import GLIFFitter, fit_levels
from allentk.models import GLIFParameters

__all__ = ["CellStudy", "study_cell"]

#: Candidates of a search: fewer than a fit that is to be kept takes.
EVALUATIONS = 60


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class CellStudy:
    """What is known of one cell after its features are measured and its models fitted.

    Parameters
    ----------
    specimen_id : int
        The cell.
    name, dendrite_type : str
        As the service's table has them; ``"spiny"`` dendrites are taken for excitatory.
    sweeps : SweepSet
        The recording.
    morphology : Morphology
        The reconstruction.
    features : Series
        One row of ``allentk.features.cell``.
    fits : dict of int to GLIFFitter
        Fitted estimators by GLIF level.
    scores : dict of int to dict
        ``GLIFFitter.evaluate`` on the hold-out sweeps, by level.
    published : dict of int to GLIFParameters
        The service's own models, where there are any.
    """

    specimen_id: int
    name: str
    dendrite_type: str
    sweeps: SweepSet
    morphology: Morphology
    features: pd.Series
    fits: dict[int, GLIFFitter]
    scores: dict[int, dict[str, float]]
    published: dict[int, GLIFParameters]

    @property
    def model(self) -> GLIFParameters:
        """The fitted model of the highest level."""
        return self.fits[max(self.fits)].model_

    @property
    def excitatory(self) -> bool:
        """Whether the cell has spiny dendrites."""
        return self.dendrite_type == "spiny"

    def __repr__(self) -> str:
        ratios = ", ".join(f"GLIF{k} {v['ratio']:.2f}" for k, v in self.scores.items())
        return f"<CellStudy {self.specimen_id}: {self.dendrite_type}, hold-out {ratios}>"


def study_cell(
    cells: CellTypes,
    specimen_id: int,
    *,
    levels: Sequence[int] = (1, 3),
    seed: int = 0,
    progress: bool | None = None,
) -> CellStudy:
    """Fetch a cell, measure its features, fit GLIF models and score them on its hold-out sweeps.

    Parameters
    ----------
    cells : CellTypes
        The service, or ``allentk.demo().cells``.
    specimen_id : int
        The cell.
    levels : sequence of int
        GLIF levels to fit.
    seed : int
        Seed of the fits.
    progress : bool, optional
        Show progress bars; by default on a terminal.

    Raises
    ------
    AllenTKError
        Where the cell cannot be fetched, measured or fitted; says why.
    """
    table = cells.cells()
    row = table[table["id"] == specimen_id].iloc[0] if (table["id"] == specimen_id).any() else {}
    sweeps = cells.sweeps(specimen_id)
    found = fit_levels(sweeps, levels, seed=seed, max_evaluations=EVALUATIONS, progress=progress)
    for error in found.errors.values():
        raise error
    fits = {k: GLIFFitter.of(found.fits[k]) for k in levels}
    return CellStudy(
        specimen_id=specimen_id,
        name=str(row.get("name", specimen_id)),
        dendrite_type=str(row.get("dendrite_type", "")),
        sweeps=sweeps,
        morphology=cells.morphology(specimen_id),
        features=features.cell(sweeps),
        fits=fits,
        scores={k: fit.evaluate(sweeps) for k, fit in fits.items()},
        published=_published(cells, specimen_id, levels),
    )


def _published(
    cells: CellTypes, specimen_id: int, levels: Sequence[int]
) -> dict[int, GLIFParameters]:
    """Return the service's own models of the cell, by level; few cells have all."""
    found = {}
    for level in levels:
        try:
            found[level] = cells.glif(specimen_id, level)
        except DataError:
            continue
    return found
