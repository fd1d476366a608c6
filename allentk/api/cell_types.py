"""The Allen Cell Types Database: tables, recordings, reconstructions and published models."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from allentk.api import queries
from allentk.api.cell_files import CellFiles
from allentk.api.client import Client, as_id, expect_same
from allentk.api.columns import CELLS, EPHYS_FEATURES, SWEEPS
from allentk.api.tables import Wanted, choose
from allentk.data import Morphology, SweepSet
from allentk.errors import DataError
from allentk.io import read_glif, read_nwb, read_swc
from allentk.models import GLIFParameters

__all__ = ["CellTypes"]

_KINDS = ("sweeps", "morphology", "sweep_table", "glif")
_LEVELS = (1, 2, 3, 4, 5)


class CellTypes(Client):
    """The Allen Cell Types Database.

    Parameters
    ----------
    cache_dir : path, optional
        Where downloads are kept; by default as `allentk.config` says. What a cassette answers is
        kept in a folder of its own inside, apart from what the service answers.
    offline : bool, optional
        Never ask the service; by default as `allentk.config` says.
    transport : Transport, optional
        How to ask: a `Replay`, a `Record`, a `Live` of your own. It takes precedence over `offline`.
    progress : bool, optional
        Show progress bars; by default on a terminal.

    Notes
    -----
    What was fetched once is taken from the cache from then on; tables are asked for again with
    ``refresh=True``. Every method raises OfflineError where something is neither in the cache nor
    to be had, ServiceError where the service answers with an error, and IntegrityError where bytes
    are missing or are not of their kind.

    References
    ----------
    Allen Institute for Brain Science, Allen Cell Types Database, celltypes.brain-map.org.

    Examples
    --------
    >>> CellTypes(cache_dir="/tmp/allen", offline=True).source
    'https://api.brain-map.org (offline)'
    """

    def cells(
        self,
        *,
        species: Wanted = None,
        structure: Wanted = None,
        layer: Wanted = None,
        transgenic_line: Wanted = None,
        dendrite_type: Wanted = None,
        reporter_status: Wanted = None,
        has_reconstruction: bool | None = None,
        refresh: bool = False,
    ) -> pd.DataFrame:
        """Return the cells, one row per specimen.

        Parameters
        ----------
        species, structure, layer, transgenic_line, dendrite_type, reporter_status : optional
            Only cells with this value, or one of these: ``"Mus musculus"``, ``"VISp"``, ``4`` or
            ``"2/3"``, ``"Rorb-IRES2-Cre"``, ``"spiny"``, ``"positive"``. Case does not matter.
        has_reconstruction : bool, optional
            Only cells with, or without, a reconstruction.
        refresh : bool
            Ask the service even where the table is in the cache.

        Returns
        -------
        DataFrame
            AllenSDK's simplified columns, `id` first, and ``has_reconstruction``.
            ``cell_soma_location`` is x, y, z in um of the common coordinate framework.
            ``attrs`` has ``source`` and ``synthetic``.

        Raises
        ------
        DataError
            Where a value wanted occurs in no row; lists those that do.
        """
        table = self._table(
            "cell_types/cells.json",
            queries.cells(),
            CELLS,
            what="table of cells",
            command="allentk cells",
            refresh=refresh,
        ).drop_duplicates("id")
        table["has_reconstruction"] = table["reconstruction_type"].notna()
        chosen = choose(
            table,
            "table of cells",
            species=species,
            structure_area_abbrev=structure,
            structure_layer_name=layer,
            transgenic_line=transgenic_line,
            dendrite_type=dendrite_type,
            reporter_status=reporter_status,
            has_reconstruction=has_reconstruction,
        )
        return self._marked(chosen)

    def ephys_features(self, *, refresh: bool = False) -> pd.DataFrame:
        """Return the published electrophysiology features, one row per cell.

        Parameters
        ----------
        refresh : bool
            Ask the service even where the table is in the cache.

        Returns
        -------
        DataFrame
            The 56 published columns, in the service's units: ``vrest`` mV, ``ri`` MOhm, ``tau`` and
            ``avg_isi`` ms, ``latency`` and other times s, ``threshold_i_*`` pA.
        """
        table = self._table(
            "cell_types/ephys_features.json",
            queries.ephys_features(),
            EPHYS_FEATURES,
            what="table of electrophysiology features",
            command="allentk.CellTypes().ephys_features()",
            refresh=refresh,
        )
        return self._marked(table)

    def sweep_table(self, specimen_id: int, *, refresh: bool = False) -> pd.DataFrame:
        """Return what is published of the sweeps of a cell, one row per sweep.

        Parameters
        ----------
        specimen_id : int
            The cell.
        refresh : bool
            Ask the service even where the table is in the cache.

        Returns
        -------
        DataFrame
            Sorted by ``sweep_number``; the service's columns in its units.

        Raises
        ------
        DataError
            Where there is no such cell.
        """
        specimen = as_id(specimen_id, "specimen")
        files = CellFiles(self._store, specimen)
        table = self._table(
            files.sweep_table,
            queries.sweep_table(specimen),
            SWEEPS,
            what=f"sweep table of specimen {specimen}",
            command=f"allentk fetch {specimen} --what sweep_table",
            refresh=refresh,
            none=files.none("sweeps"),
        )
        return self._marked(table.sort_values("sweep_number", ignore_index=True))

    def sweeps(self, specimen_id: int) -> SweepSet:
        """Return the sweeps of a cell, downloading the recording where it is not in the cache.

        Parameters
        ----------
        specimen_id : int
            The cell.

        Returns
        -------
        SweepSet
            `source` is the file; `metadata` has ``specimen_id`` and ``synthetic``.

        Raises
        ------
        DataError
            Where there is no such cell, or no recording of it.
        """
        specimen = as_id(specimen_id, "specimen")
        path = CellFiles(self._store, specimen).recording()
        sweeps = read_nwb(path)
        expect_same(path, sweeps.metadata.get("specimen_id"), specimen, "specimen")
        metadata = {
            **sweeps.metadata,
            "specimen_id": specimen,
            "synthetic": self.synthetic or bool(sweeps.metadata.get("synthetic")),
        }
        return SweepSet(sweeps.table, sweeps.sweep, source=str(path), metadata=metadata)

    def morphology(self, specimen_id: int) -> Morphology:
        """Return the reconstruction of a cell, downloading it where it is not in the cache.

        Parameters
        ----------
        specimen_id : int
            The cell.

        Raises
        ------
        DataError
            Where there is no such cell, or no reconstruction of it, as of most cells.
        """
        specimen = as_id(specimen_id, "specimen")
        return read_swc(CellFiles(self._store, specimen).reconstruction())

    def glif(self, specimen_id: int, level: int = 3) -> GLIFParameters:
        """Return the published GLIF model of a cell.

        Parameters
        ----------
        specimen_id : int
            The cell.
        level : {1, 2, 3, 4, 5}
            GLIF 1 LIF, 2 LIF-R, 3 LIF-ASC, 4 LIF-R-ASC, 5 LIF-R-ASC-A.

        Raises
        ------
        DataError
            Where there is no such cell, or no model of this level; lists the levels there are.

        References
        ----------
        Teeter et al. 2018, Nature Communications 9:709.
        """
        specimen = as_id(specimen_id, "specimen")
        if level not in _LEVELS:
            raise DataError(f"level must be one of {_LEVELS}, got {level!r}")
        files = CellFiles(self._store, specimen)
        models = files.glif_models()
        if level not in models:
            there = ", ".join(map(str, sorted(models))) or "none at all"
            raise DataError(
                f"specimen {specimen}: no published GLIF {level}; levels there are: {there}. Take one "
                f"of them, or fit your own by allentk.GLIFFitter({level})"
            )
        return read_glif(files.glif_config(models[level]), level=level)

    def fetch(
        self, specimen_id: int, *, what: str | Iterable[str] = ("sweeps", "morphology")
    ) -> dict[str, Path]:
        """Download the files of a cell without reading them.

        Parameters
        ----------
        specimen_id : int
            The cell.
        what : str or iterable of str
            Some of ``"sweeps"``, ``"morphology"``, ``"sweep_table"`` and ``"glif"``.

        Returns
        -------
        dict
            Path by kind; ``"glif"`` gives one per level there is: ``"glif1"``, ``"glif3"``...

        Raises
        ------
        DataError
            Where there is no such cell, or it has no such file; files before it are kept.
        """
        specimen = as_id(specimen_id, "specimen")
        kinds = (what,) if isinstance(what, str) else tuple(what)
        if unknown := [kind for kind in kinds if kind not in _KINDS]:
            raise DataError(f"what must be some of {', '.join(_KINDS)}, got {unknown}")
        paths: dict[str, Path] = {}
        for kind in kinds:
            paths |= self._fetch(specimen, kind)
        return paths

    def _fetch(self, specimen: int, kind: str) -> dict[str, Path]:
        files = CellFiles(self._store, specimen)
        if kind == "sweeps":
            return {kind: files.recording()}
        if kind == "morphology":
            return {kind: files.reconstruction()}
        if kind == "sweep_table":
            self.sweep_table(specimen)
            return {kind: self.cache.path(files.sweep_table)}
        models = sorted(files.glif_models().items())
        return {f"glif{level}": files.glif_config(model) for level, model in models}
