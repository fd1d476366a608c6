"""Files of one cell: where the service has them, and where they are kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from allentk.api import checks, queries
from allentk.api.cell_columns import MODELS, SWEEPS
from allentk.api.links import inside
from allentk.api.rma import Query, Row
from allentk.api.store import Store, read_rows
from allentk.api.tables import frame
from allentk.errors import DataError, FormatError, IntegrityError, ServiceError
from allentk.io import read_markers

__all__ = ["CellFiles"]


@dataclass(frozen=True, slots=True)
class CellFiles:
    """Files of one cell, by way of a store; each is fetched where it is not in the cache.

    Parameters
    ----------
    store : Store
        Cache and service.
    specimen : int
        The cell.
    """

    store: Store
    specimen: int

    @property
    def sweep_table(self) -> str:
        """Name of the sweep table in the cache."""
        return self._name("ephys_sweeps.json")

    def _name(self, file: str) -> str:
        return f"cell_types/specimen_{self.specimen}/{file}"

    def recording(self) -> Path:
        """Return the NWB file."""
        return self.store.file(
            self._name("ephys.nwb"),
            queries.recording(self.specimen),
            ("ephys_result", "well_known_files"),
            kind="NWBDownload",
            check=checks.nwb,
            what=f"recording of specimen {self.specimen}",
            command=f"allentk fetch {self.specimen} --what sweeps",
            none=self.none("recording"),
        )

    def reconstruction(self) -> Path:
        """Return the SWC file."""
        return self.store.file(
            self._name("reconstruction.swc"),
            queries.reconstruction(self.specimen),
            ("neuron_reconstructions", "well_known_files"),
            kind="3DNeuronReconstruction",
            check=checks.swc,
            what=f"reconstruction of specimen {self.specimen}",
            command=f"allentk fetch {self.specimen} --what morphology",
            none=DataError(
                f"specimen {self.specimen}: {self.store.source} has no reconstruction of it, as of "
                f"most cells; cells(has_reconstruction=True) lists those with one"
            ),
        )

    def markers(self) -> Path:
        """Return the marker file of the reconstruction."""
        return self.store.file(
            self._name("reconstruction.marker"),
            queries.markers(self.specimen),
            ("neuron_reconstructions", "well_known_files"),
            kind="3DNeuronMarker",
            check=_markers,
            what=f"markers of specimen {self.specimen}",
            command=f"allentk.CellTypes().markers({self.specimen})",
            none=DataError(
                f"specimen {self.specimen}: {self.store.source} has no markers of it: they come with "
                f"some reconstructions only"
            ),
        )

    def sweep_rows(self) -> Path:
        """Return the file of the service's rows of all sweeps of the cell."""
        what = f"sweep table of specimen {self.specimen}"
        return self.store.answer(
            self.sweep_table,
            queries.sweep_table(self.specimen),
            what=what,
            command=f"allentk fetch {self.specimen} --what sweep_table",
            check=lambda rows: frame(rows, SWEEPS, what=what),
            none=self.none("sweeps"),
        )

    def models(self, *, refresh: bool = False) -> list[Row]:
        """Return the service's rows of all models of the cell."""
        path = self.store.answer(
            self._name("models.json"),
            queries.models(self.specimen),
            what=f"models of specimen {self.specimen}",
            command=f"allentk.CellTypes().models({self.specimen})",
            check=self._of_this_cell,
            none=self.none("models"),
            refresh=refresh,
        )
        return self._of_this_cell(read_rows(path))

    def _of_this_cell(self, rows: list[Row]) -> list[Row]:
        what = f"models of specimen {self.specimen}"
        others = set(frame(rows, MODELS, what=what)["specimen_id"]) - {self.specimen}
        if others:
            raise ServiceError(
                f"{what}: expected models of this cell only, got some of {sorted(others)}. Try again "
                f"later; if it comes back, tell the service"
            )
        return rows

    def fit(self, model: int, kind: str) -> Path:
        """Return the fit of a biophysical model."""
        return self._model_file(
            f"biophysical/{model}_fit.json",
            queries.model_files(model),
            f"{kind} model {model} of specimen {self.specimen}",
            f"allentk.CellTypes().biophysical({self.specimen}, {kind!r})",
        )

    def glif_models(self) -> dict[int, int]:
        """Return the id of the newest GLIF model by level."""
        path = self.store.answer(
            self._name("neuronal_models.json"),
            queries.glif_models(self.specimen),
            what=f"GLIF models of specimen {self.specimen}",
            command=f"allentk fetch {self.specimen} --what glif",
            check=self._by_level,
            none=self.none("models"),
        )
        return self._by_level(read_rows(path))

    def glif_config(self, model: int) -> Path:
        """Return the configuration of a GLIF model."""
        return self._model_file(
            f"glif/{model}_neuron_config.json",
            queries.glif_config(model),
            f"GLIF model {model} of specimen {self.specimen}",
            f"allentk fetch {self.specimen} --what glif",
        )

    def _model_file(self, name: str, query: Query, what: str, command: str) -> Path:
        return self.store.file(
            self._name(name),
            query,
            ("well_known_files",),
            kind="NeuronalModelParameters",
            check=checks.json_object,
            what=what,
            command=command,
            none=ServiceError(
                f"{what}: {self.store.source} lists it, but has no file of it; try again later"
            ),
        )

    def none(self, what: str) -> DataError:
        """Return the error to raise where the service has nothing of the cell."""
        return DataError(
            f"specimen {self.specimen}: {self.store.source} has no {what} of it. Is the id right? "
            f"cells() lists the ids there are"
        )

    def _by_level(self, rows: object) -> dict[int, int]:
        found: dict[int, int] = {}
        for model in inside(rows, "neuronal_models"):
            level = queries.GLIF_TEMPLATES.get(model.get("neuronal_model_template_id", 0))
            if level is None:
                continue
            identity = model.get("id")
            if not isinstance(identity, int):
                raise ServiceError(
                    f"GLIF models of specimen {self.specimen}: expected a model with an id, got "
                    f"{identity!r}; nothing was kept. Try again later"
                )
            found[level] = max(identity, found.get(level, identity))
        return found


def _markers(path: Path, what: str) -> None:
    try:
        read_markers(path)
    except FormatError as error:
        raise IntegrityError(f"{what}: {error}; it was not kept. Try again later") from error
