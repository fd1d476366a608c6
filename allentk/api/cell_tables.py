"""The Cell Types Database's tables."""

from __future__ import annotations

import pandas as pd

from allentk.api import queries
from allentk.api.cell_columns import CELLS, EPHYS_FEATURES, MODELS, MORPHOLOGY_FEATURES, SWEEPS
from allentk.api.cell_files import CellFiles
from allentk.api.client import Client, as_id
from allentk.api.tables import Wanted, choose, frame

__all__ = ["CellTables"]


class CellTables(Client):
    """Tables of the Cell Types Database; see `CellTypes`."""

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
        has_glif: bool | None = None,
        has_biophysical: bool | None = None,
        refresh: bool = False,
    ) -> pd.DataFrame:
        """Return the cells, one row per specimen.

        Parameters
        ----------
        species, structure, layer, transgenic_line, dendrite_type, reporter_status : optional
            Only cells with this value, or one of these: ``"Mus musculus"``, ``"VISp"``, ``4`` or
            ``"2/3"``, ``"Rorb-IRES2-Cre"``, ``"spiny"``, ``"positive"``. Case does not matter.
        has_reconstruction, has_glif, has_biophysical : bool, optional
            Only cells with, or without, a reconstruction, published GLIF models, or published
            biophysical models.
        refresh : bool
            Ask the service even where the table is in the cache.

        Returns
        -------
        DataFrame
            AllenSDK's simplified columns, `id` first, and ``has_reconstruction``, ``has_glif``,
            ``has_biophysical``, ``has_perisomatic``, ``has_all_active``. ``cell_soma_location`` is
            x, y, z in um of the common coordinate framework. ``attrs`` has ``source`` and
            ``synthetic``.

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
            has_glif=has_glif,
            has_biophysical=has_biophysical,
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

    def morphology_features(self, *, refresh: bool = False) -> pd.DataFrame:
        """Return the published measures of reconstructions, one row per reconstruction.

        Parameters
        ----------
        refresh : bool
            Ask the service even where the table is in the cache.

        Returns
        -------
        DataFrame
            The 28 published columns of NeuronReconstruction: lengths um, surfaces um^2, volumes um^3,
            angles in degrees. ``specimen_id`` is the cell, ``id`` the reconstruction.
        """
        table = self._table(
            "cell_types/morphology_features.json",
            queries.morphology_features(),
            MORPHOLOGY_FEATURES,
            what="table of morphology features",
            command="allentk.CellTypes().morphology_features()",
            refresh=refresh,
        )
        return self._marked(table)

    def all_features(
        self, *, require_reconstruction: bool = True, refresh: bool = False
    ) -> pd.DataFrame:
        """Return electrophysiology and morphology features side by side, one row per cell.

        Parameters
        ----------
        require_reconstruction : bool
            Only cells with a reconstruction; otherwise the others too, with missing values.
        refresh : bool
            Ask the service even where the tables are in the cache.

        Returns
        -------
        DataFrame
            ``specimen_id`` first, then the columns of `ephys_features` and `morphology_features`; the
            two columns called ``id`` become ``id_ephys`` and ``id_morphology``. Of a cell with
            several reconstructions the newest counts.
        """
        ephys = self.ephys_features(refresh=refresh)
        morphology = self.morphology_features(refresh=refresh)
        newest = morphology.sort_values("id").drop_duplicates("specimen_id", keep="last")
        merged = ephys.merge(
            newest,
            on="specimen_id",
            how="inner" if require_reconstruction else "left",
            suffixes=("_ephys", "_morphology"),
        )
        first = merged.pop("specimen_id")
        merged.insert(0, "specimen_id", first)
        return self._marked(merged.reset_index(drop=True))

    def models(self, specimen_id: int, *, refresh: bool = False) -> pd.DataFrame:
        """Return every published model of a cell, one row each.

        Parameters
        ----------
        specimen_id : int
            The cell.
        refresh : bool
            Ask the service even where the table is in the cache.

        Returns
        -------
        DataFrame
            ``id``; ``kind`` (``"GLIF"``, ``"perisomatic"``, ``"all-active"``) and ``level`` (of GLIF
            models); ``template``, ``template_id``, ``name``, ``specimen_id``; ``files``, the names
            of the model's files. Sorted by kind, level and id.

        Raises
        ------
        DataError
            Where there is no such cell, or no model of it.
        """
        specimen = as_id(specimen_id, "specimen")
        rows = CellFiles(self._store, specimen).models(refresh=refresh)
        table = frame(rows, MODELS, what=f"models of specimen {specimen}")
        return self._marked(table.sort_values(["kind", "level", "id"], ignore_index=True))

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
