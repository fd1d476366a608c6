"""Published biophysical models of a cell: which there are, and all that belongs to one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from allentk.api import queries
from allentk.api.links import inside
from allentk.api.rma import Row
from allentk.data import Morphology
from allentk.errors import DataError
from allentk.models import BiophysicalModel, BiophysicalParameters

__all__ = ["PublishedBiophysicalModel", "kinds", "mechanism_files", "newest"]


@dataclass(frozen=True, slots=True, repr=False)
class PublishedBiophysicalModel:
    """A published biophysical model and what it needs.

    Parameters
    ----------
    id : int
        The model.
    specimen_id : int
        The cell.
    name : str
        The model's name.
    parameters : BiophysicalParameters
        What was fitted.
    morphology : Morphology
        The reconstruction it was fitted on.
    sweep_numbers : tuple of int
        The cell's published sweeps; `parameters.training_sweeps` are those it was fitted to.
    mechanism_files : tuple of str
        Names of the archive's NEURON files (``.mod``). They are listed only: nothing of them is
        downloaded, compiled or run, as allentk has the equations of its own.
    fit, reconstruction : Path
        The files that `parameters` and `morphology` were read from.
    """

    id: int
    specimen_id: int
    name: str
    parameters: BiophysicalParameters
    morphology: Morphology
    sweep_numbers: tuple[int, ...]
    mechanism_files: tuple[str, ...]
    fit: Path
    reconstruction: Path

    @property
    def model(self) -> BiophysicalModel:
        """The cell that `allentk.simulate` runs: parameters and reconstruction.

        Raises
        ------
        DataError
            Where the reconstruction has a section that the parameters lack.
        """
        return BiophysicalModel(self.parameters, self.morphology)

    def __repr__(self) -> str:
        return (
            f"<PublishedBiophysicalModel {self.id} of specimen {self.specimen_id}: {self.parameters.kind}, "
            f"{self.morphology.n_nodes} nodes, {len(self.sweep_numbers)} sweeps>"
        )


def kinds(rows: list[Row]) -> list[str]:
    """Return the kinds of biophysical models there are among the service's rows."""
    templates = queries.BIOPHYSICAL_TEMPLATES
    found = (templates.get(row["neuronal_model_template_id"]) for row in rows)
    return sorted({kind for kind in found if kind is not None})


def newest(rows: list[Row], kind: str, specimen: int) -> Row:
    """Return the newest biophysical model of a kind.

    Raises
    ------
    DataError
        Where there is none; lists the kinds there are.
    """
    templates = queries.BIOPHYSICAL_TEMPLATES
    if kind not in templates.values():
        raise DataError(f"kind must be one of {', '.join(templates.values())}, got {kind!r}")
    of_kind = [row for row in rows if templates.get(row["neuronal_model_template_id"]) == kind]
    if not of_kind:
        there = ", ".join(kinds(rows)) or "none at all"
        raise DataError(
            f"specimen {specimen}: no published {kind} model; biophysical models there are: {there}. "
            f"cells(has_biophysical=True) lists the cells with one"
        )
    return max(of_kind, key=lambda row: int(row["id"]))


def mechanism_files(row: Row) -> tuple[str, ...]:
    """Return the names of the ``.mod`` files that the service lists for a model."""
    listed = inside(row, "neuronal_model_template", "well_known_files")
    names = {str(one.get("path")).rsplit("/", 1)[-1] for one in listed}
    return tuple(sorted(name for name in names if name.endswith(".mod")))
