"""The whole cassette: every question the client asks about the synthetic cells, and its answer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from allentk import features, responses
from allentk.api import cassette, queries, rma
from allentk.io import glif_config, read_nwb, read_ophys_session, read_swc
from cassettes.make import answers
from cassettes.make.morphology import swc
from cassettes.make.nwb import same_data, write_cell
from cassettes.make.observatory import SESSION_ID, write_session
from cassettes.make.recording import record
from cassettes.make.shapes import morphology_features
from cassettes.make.truth import CELLS, SEED, Cell

__all__ = ["DESCRIPTION", "build"]

DESCRIPTION = (
    "SYNTHETIC: answers of the Allen Institute's services about cells and a session that do not exist. "
    "Recordings are simulated by cassettes/make of allentk from published model parameters (Teeter et "
    "al. 2018; Wang and Buzsaki 1996), with escape noise and recording noise, at 25 kHz; the two-photon "
    f"session comes from a stated tuning model. Seed {SEED}."
)


@dataclass
class Tape:
    """Collects interactions while their bodies are written; `before` is the cassette as it was."""

    folder: Path
    before: Path
    interactions: list[cassette.Interaction] = field(default_factory=list)

    def answer(self, query: rma.Query, name: str, records: Sequence[answers.Record]) -> None:
        """Add the service's answer to a query."""
        self._add(rma.query_url(query), answers.rma(records).encode(), f"{name}.json")

    def file(self, file_id: int, name: str, body: bytes) -> None:
        """Add a file that the service hands out."""
        self._add(rma.file_url(file_id), body, name)

    def recording(self, file_id: int, path: Path) -> None:
        """Add an NWB file, or the one of before where it holds the same."""
        old = self.before / "bodies" / path.name
        kept = old if old.is_file() and same_data(old, path) else path
        self.file(file_id, path.name, kept.read_bytes())

    def _add(self, url: str, body: bytes, name: str) -> None:
        kind = "application/json" if name.endswith(".json") else "application/octet-stream"
        written = cassette.write_body(
            self.folder, url, body, name=f"bodies/{name}", content_type=kind
        )
        self.interactions.append(written)


def build(folder: Path, before: Path) -> Path:
    """Write the cassette into `folder` and return its index.

    A recording that comes out as it is in the cassette `before` keeps its bytes, in which HDF5 wrote the
    time.
    """
    tape = Tape(folder, before)
    measured = {cell.specimen_id: _recording(tape, cell) for cell in CELLS}
    shapes = [_reconstruction(tape, cell) for cell in CELLS]
    tape.answer(queries.morphology_features(), "morphology_features", shapes)
    for cell in CELLS:
        _models(tape, cell)
    tape.answer(
        queries.cells(),
        "cells",
        [answers.specimen_detail(c, measured[c.specimen_id], _file_id(c, 1)) for c in CELLS],
    )
    tape.answer(
        queries.ephys_features(),
        "ephys_features",
        [answers.ephys_features(c, measured[c.specimen_id]) for c in CELLS],
    )
    _observatory(tape)
    return cassette.write_index(folder, tape.interactions, description=DESCRIPTION, synthetic=True)


def _file_id(cell: Cell, which: int) -> int:
    return cell.specimen_id * 10 + which


def _recording(tape: Tape, cell: Cell) -> pd.Series:
    """Add the NWB file and the sweep table of a cell; return its features."""
    sweeps = list(record(cell))
    name, file_id = f"{cell.specimen_id}.nwb", _file_id(cell, 1)
    with TemporaryDirectory() as scratch:
        path = Path(scratch) / name
        write_cell(cell, sweeps, path)
        measured = features.cell(read_nwb(path))
        tape.recording(file_id, path)
    link = answers.file_record(file_id, "NWBDownload", cell.specimen_id, name)
    tape.answer(
        queries.recording(cell.specimen_id),
        f"{cell.specimen_id}_recording",
        [{"id": cell.specimen_id, "ephys_result": {"well_known_files": [link]}}],
    )
    tape.answer(
        queries.sweep_table(cell.specimen_id),
        f"{cell.specimen_id}_sweeps",
        answers.sweep_records(cell, sweeps),
    )
    return measured


def _reconstruction(tape: Tape, cell: Cell) -> answers.Record:
    """Add the SWC file of a cell, which has no markers; return its measures."""
    name, file_id = f"{cell.specimen_id}.swc", _file_id(cell, 2)
    body = swc(cell).encode()
    tape.file(file_id, name, body)
    link = answers.file_record(file_id, "3DNeuronReconstruction", cell.specimen_id, name)
    tape.answer(
        queries.reconstruction(cell.specimen_id),
        f"{cell.specimen_id}_reconstruction",
        [{"id": cell.specimen_id, "neuron_reconstructions": [{"well_known_files": [link]}]}],
    )
    tape.answer(
        queries.markers(cell.specimen_id),
        f"{cell.specimen_id}_markers",
        [{"id": cell.specimen_id, "neuron_reconstructions": [{"well_known_files": []}]}],
    )
    with TemporaryDirectory() as scratch:
        path = Path(scratch) / name
        path.write_bytes(body)
        return morphology_features(cell.specimen_id, cell.specimen_id + 70_000, read_swc(path))


def _models(tape: Tape, cell: Cell) -> None:
    models = []
    for level, model in cell.published.items():
        model_id, file_id = cell.specimen_id * 10 + 5 + level, _file_id(cell, 2 + level)
        name = f"{cell.specimen_id}_glif{level}_neuron_config.json"
        tape.file(file_id, name, (json.dumps(glif_config(model), indent=1) + "\n").encode())
        link = answers.file_record(file_id, "NeuronalModelParameters", model_id, name)
        models.append(answers.model_record(cell, level, model, model_id, link))
        tape.answer(
            queries.glif_config(model_id),
            f"{cell.specimen_id}_glif{level}_model",
            [{"id": model_id, "well_known_files": [link]}],
        )
    tape.answer(
        queries.glif_models(cell.specimen_id),
        f"{cell.specimen_id}_models",
        [{"id": cell.specimen_id, "neuronal_models": models}],
    )
    tape.answer(queries.models(cell.specimen_id), f"{cell.specimen_id}_all_models", models)


def _observatory(tape: Tape) -> None:
    name, file_id = f"{SESSION_ID}.nwb", SESSION_ID * 10
    with TemporaryDirectory() as scratch:
        path = Path(scratch) / name
        write_session(path)
        session = read_ophys_session(path)
        shown = session.stimulus_table("drifting_gratings")
        metrics = responses.drifting_gratings(session.dff(), shown)
        tape.recording(file_id, path)
    link = answers.file_record(file_id, "NWBOphys", SESSION_ID, name)
    tape.answer(queries.session_file(SESSION_ID), "session_file", [link])
    tape.answer(queries.sessions(), "sessions", [answers.ophys_experiment([link])])
    tape.answer(queries.containers(), "containers", [answers.container()])
    tape.answer(queries.cell_metrics(), "cell_metrics", answers.cell_metrics(metrics))
    tape.answer(queries.stimulus_mappings(), "stimulus_mappings", answers.stimulus_mappings())
