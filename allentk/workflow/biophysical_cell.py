"""What a biophysical fit needs of a cell, wherever it comes from: recording, reconstruction, kind."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from allentk.data import Morphology, SweepSet
from allentk.errors import FitError
from allentk.fitting.biophysical.targets import Targets
from allentk.io import read_nwb, read_swc

if TYPE_CHECKING:
    from allentk.api import CellTypes

__all__ = ["BiophysicalCell", "open_cell"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BiophysicalCell:
    """A cell to fit a biophysical model to.

    Parameters
    ----------
    name : str
        Its specimen id, or the name of its file without the suffix.
    morphology : Morphology
        The reconstruction.
    sweeps : SweepSet, optional
        The recording.
    targets : Targets, optional
        What was measured, where there is no recording.
    dendrite_type : str, optional
        ``"spiny"``, ``"aspiny"`` or ``"sparsely spiny"``, where known.
    human : bool
        Whether it is of a human.
    """

    name: str
    morphology: Morphology
    sweeps: SweepSet | None = None
    targets: Targets | None = None
    dendrite_type: str | None = None
    human: bool = False

    @property
    def recorded(self) -> SweepSet | Targets:
        """The recording, or what was measured on one."""
        given = self.sweeps if self.sweeps is not None else self.targets
        if given is None:
            raise FitError(f"{self.name}: there is neither a recording nor targets")
        return given

    @property
    def synthetic(self) -> bool:
        """Whether recording or targets say that they are made up."""
        if self.sweeps is not None:
            return bool(self.sweeps.metadata.get("synthetic"))
        return self.targets is not None and "synthetic" in self.targets.source.lower()


def open_cell(
    recording: str | os.PathLike[str] | int,
    *,
    cells: CellTypes | None = None,
    swc: str | os.PathLike[str] | None = None,
    dendrite_type: str | None = None,
    human: bool = False,
) -> BiophysicalCell:
    """Open a cell of the database, or of a file.

    Parameters
    ----------
    recording : int or path
        A specimen id, which takes `cells`; an NWB file; or a JSON file of targets.
    cells : CellTypes, optional
        The database.
    swc : path, optional
        The reconstruction; a file needs it, a specimen brings its own.
    dendrite_type : str, optional
        Where the recording and the database do not say, or are wrong.
    human : bool
        The cell is of a human, whatever the recording says.

    Raises
    ------
    FitError
        Where a file comes without a reconstruction, or nothing was recorded in current clamp.
    """
    if isinstance(recording, int):
        if cells is None:
            raise FitError(f"{recording}: a specimen id needs the database, cells=CellTypes()")
        return _specimen(recording, cells, swc, dendrite_type, human)
    path = Path(recording)
    if swc is None:
        raise FitError(
            f"{path}: a biophysical fit needs the cell's reconstruction, an SWC file (--swc FILE)"
        )
    morphology = read_swc(swc)
    if path.suffix.lower() == ".json":
        return BiophysicalCell(
            name=path.stem,
            morphology=morphology,
            targets=Targets.load(path),
            dendrite_type=dendrite_type,
            human=human,
        )
    return _recorded(path.stem, read_nwb(path), morphology, {}, dendrite_type, human)


def _specimen(
    specimen_id: int,
    cells: CellTypes,
    swc: str | os.PathLike[str] | None,
    dendrite_type: str | None,
    human: bool,
) -> BiophysicalCell:
    sweeps = cells.sweeps(specimen_id)
    morphology = cells.morphology(specimen_id) if swc is None else read_swc(swc)
    known = sweeps.metadata
    listed = {} if known.get("dendrite_type") and known.get("species") else _row(cells, specimen_id)
    return _recorded(str(specimen_id), sweeps, morphology, listed, dendrite_type, human)


def _row(cells: CellTypes, specimen_id: int) -> dict[str, Any]:
    table = cells.cells()
    rows = table[table["id"] == specimen_id].to_dict("records")
    return {str(name): value for name, value in rows[0].items()} if rows else {}


def _recorded(
    name: str,
    sweeps: SweepSet,
    morphology: Morphology,
    listed: dict[str, Any],
    dendrite_type: str | None,
    human: bool,
) -> BiophysicalCell:
    if "note" in sweeps.metadata:
        raise FitError(sweeps.metadata["note"])
    species, dendrites = (
        _said(sweeps.metadata.get(key)) or _said(listed.get(key))
        for key in ("species", "dendrite_type")
    )
    return BiophysicalCell(
        name=name,
        morphology=morphology,
        sweeps=sweeps,
        dendrite_type=dendrite_type or dendrites or None,
        human=human or "homo" in species.lower(),
    )


def _said(value: object) -> str:
    return value if isinstance(value, str) else ""
