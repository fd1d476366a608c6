"""The Allen Cell Types Database: tables, recordings, reconstructions and published models."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pandas as pd

from allentk.api.cell_files import CellFiles
from allentk.api.cell_models import PublishedBiophysicalModel, kinds, mechanism_files, newest
from allentk.api.cell_tables import CellTables
from allentk.api.client import as_id, expect_same
from allentk.data import Morphology, SweepSet
from allentk.errors import DataError
from allentk.io import read_biophysical, read_glif, read_markers, read_nwb, read_swc
from allentk.models import BiophysicalModel, GLIFParameters

__all__ = ["CellTypes"]

_KINDS = ("sweeps", "morphology", "markers", "sweep_table", "glif", "biophysical")
_LEVELS = (1, 2, 3, 4, 5)


class CellTypes(CellTables):
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
    shared_cache, allensdk_cache, max_age_days, time_limit_s : optional
        As of `Client`.

    Notes
    -----
    A file that was fetched once is taken from the cache from then on; a table is asked for again
    after ``max_age_days``, or with ``refresh=True``. Every method raises OfflineError where something
    is neither in the cache nor to be had, ServiceError where the service answers with an error, and
    IntegrityError where bytes are missing or are not of their kind.

    References
    ----------
    Allen Institute for Brain Science, Allen Cell Types Database, celltypes.brain-map.org.

    Examples
    --------
    >>> CellTypes(cache_dir="/tmp/allen", offline=True).source
    'https://api.brain-map.org (offline)'
    """

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

    def markers(self, specimen_id: int) -> pd.DataFrame:
        """Return the markers of a cell's reconstruction, downloading them where needed.

        Parameters
        ----------
        specimen_id : int
            The cell.

        Returns
        -------
        DataFrame
            One row per marker: x_um, y_um, z_um as in the reconstruction, ``name`` (10, 20, 30) and
            ``kind`` (``"cut dendrite"``, ``"no reconstruction"``, ``"30"``); see
            `allentk.io.read_markers`.

        Raises
        ------
        DataError
            Where there is no such cell, or no markers of it.
        """
        specimen = as_id(specimen_id, "specimen")
        return self._marked(read_markers(CellFiles(self._store, specimen).markers()))

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
        model = read_glif(files.glif_config(models[level]), level=level)
        # A configuration has no place that says so.
        return replace(model, source=f"SYNTHETIC {model.source}") if self.synthetic else model

    def biophysical(
        self, specimen_id: int, kind: str = "perisomatic", *, axon: str | None = None
    ) -> PublishedBiophysicalModel:
        """Return the published biophysical model of a cell, and all that belongs to it.

        `biophysical_model` returns what of it can be simulated.

        Parameters
        ----------
        specimen_id : int
            The cell.
        kind : {"perisomatic", "all-active"}
            Channels in the soma only, or everywhere.
        axon : {"stub", "truncated", "full"}, optional
            Which axon the parameters are for; ``"stub"`` by default for perisomatic models. The files
            of all-active models do not say, so that it must be given; see
            `allentk.io.read_biophysical`.

        Raises
        ------
        DataError
            Where there is no such cell, or no model of this kind; lists the kinds there are. Where
            an all-active model is asked for without `axon`.

        References
        ----------
        Gouwens et al. 2018, Nature Communications 9:710; Nandi et al. 2022, Cell Reports 40:111176.
        """
        specimen = as_id(specimen_id, "specimen")
        files = CellFiles(self._store, specimen)
        model = newest(files.models(), kind, specimen)
        fit = files.fit(int(model["id"]), kind)
        parameters = read_biophysical(fit, axon=axon)
        reconstruction = files.reconstruction()
        return PublishedBiophysicalModel(
            id=int(model["id"]),
            specimen_id=specimen,
            name=str(model.get("name")),
            parameters=parameters,
            morphology=read_swc(reconstruction),
            sweep_numbers=tuple(map(int, self.sweep_table(specimen)["sweep_number"])),
            mechanism_files=mechanism_files(model),
            fit=fit,
            reconstruction=reconstruction,
        )

    def biophysical_model(
        self, specimen_id: int, kind: str = "perisomatic", *, axon: str | None = None
    ) -> BiophysicalModel:
        """Return the published biophysical model of a cell, ready for `allentk.simulate`.

        Parameters
        ----------
        specimen_id, kind, axon
            See `biophysical`.

        Returns
        -------
        BiophysicalModel
            Parameters and reconstruction.

        Raises
        ------
        DataError
            See `biophysical`; and where the reconstruction has a section that the parameters lack.

        Examples
        --------
        >>> model = CellTypes().biophysical_model(464212183)  # doctest: +SKIP
        >>> allentk.simulate(model, allentk.LongSquare(amplitude_pa=200))  # doctest: +SKIP
        """
        return self.biophysical(specimen_id, kind, axon=axon).model

    def fetch(
        self, specimen_id: int, *, what: str | Iterable[str] = ("sweeps", "morphology")
    ) -> dict[str, Path]:
        """Download the files of a cell without reading them.

        Parameters
        ----------
        specimen_id : int
            The cell.
        what : str or iterable of str
            Some of ``"sweeps"``, ``"morphology"``, ``"markers"``, ``"sweep_table"``, ``"glif"`` and
            ``"biophysical"``.

        Returns
        -------
        dict
            Path by kind; ``"glif"`` gives one per level there is: ``"glif1"``, ``"glif3"``... and
            ``"biophysical"`` one per kind there is: ``"perisomatic"``, ``"all-active"``.

        Raises
        ------
        DataError
            Where there is no such cell, or it has no such file; files before it are kept.
        """
        specimen = as_id(specimen_id, "specimen")
        wanted = (what,) if isinstance(what, str) else tuple(what)
        if unknown := [kind for kind in wanted if kind not in _KINDS]:
            raise DataError(f"what must be some of {', '.join(_KINDS)}, got {unknown}")
        paths: dict[str, Path] = {}
        for kind in wanted:
            paths |= self._fetch(specimen, kind)
        return paths

    def _fetch(self, specimen: int, kind: str) -> dict[str, Path]:
        files = CellFiles(self._store, specimen)
        if kind == "glif":
            models = sorted(files.glif_models().items())
            return {f"glif{level}": files.glif_config(model) for level, model in models}
        if kind == "biophysical":
            rows = files.models()
            return {
                one: files.fit(int(newest(rows, one, specimen)["id"]), one) for one in kinds(rows)
            }
        single = {
            "sweeps": files.recording,
            "morphology": files.reconstruction,
            "markers": files.markers,
            "sweep_table": files.sweep_rows,
        }
        return {kind: single[kind]()}
