"""What each kind of value rests on: works with what they are cited for, and notes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import pandas as pd

from allentk.api import BrainObservatory, CellTypes, Neuropixels, PatchSeq, VisualBehavior
from allentk.api.cell_models import PublishedBiophysicalModel
from allentk.api.patch_seq import DANDISETS
from allentk.benchmark import Benchmark, BenchmarkResult, Comparison, Reference
from allentk.data import Morphology, NetworkResponse, Response, Sweep, SweepSet
from allentk.errors import DataError
from allentk.fitting import BiophysicalFitter, FitResult, GLIFFitter, Reason
from allentk.fitting.biophysical.result import BiophysicalFitResult
from allentk.io.behavior_nwb import BehaviorSession
from allentk.io.ecephys_nwb import EcephysSession
from allentk.io.lfp_nwb import ProbeLFP
from allentk.io.observatory_session import OphysSession
from allentk.models import BiophysicalModel, BiophysicalParameters, GLIFParameters
from allentk.network import Network, Population
from allentk.network.lgn import LGN
from allentk.responses.session import SessionMetrics
from allentk.works import WORKS, Work, mentioned

__all__ = ["found_in"]

#: A work and what it is cited for, or a note.
Found: TypeAlias = "tuple[Work, str] | str"

_SEARCH = "the search for parameters, CMA-ES"

#: Begin of a recipe's name -> papers and tables that its numbers are of.
_RECIPES = {
    "layer 4 patch": ("arkhipov2018", "billeh2020"),
    "layer 4 ": ("arkhipov2018",),
    "V1 2026": ("v1_model", "billeh2020", "campagnola2022", "rossi2020"),
    "V1 billeh2020": ("billeh2020",),
    "tutorial 8": ("arkhipov2018",),
}

#: Definition of metrics -> what it is of.
_DEFINITIONS = {
    "warehouse": ("observatory", "devries2020"),
    "paper2020": ("devries2020",),
    "neuropixels": ("siegle2021",),
    "layer4": ("arkhipov2018",),
    "v1-2026": ("v1_model",),
}


def found_in(values: Iterable[Any]) -> Iterator[Found]:
    """Yield what values rest on; lists and mappings are gone through.

    Raises
    ------
    DataError
        On a value of an unknown type.
    """
    for value in values:
        for kinds, told in _TOLD:
            if isinstance(value, kinds):
                yield from told(value)
                break
        else:
            raise DataError(
                f"cite: expected sweeps, a session, a model, a fit, a network, a response, a reference "
                f"or a benchmark's result, got a {type(value).__name__}"
            )


def _all(keys: Iterable[str], used_for: str) -> Iterator[Found]:
    for key in keys:
        yield WORKS[key], used_for


def _made_up(what: str) -> str:
    return f"SYNTHETIC: {what} is made up, so there is no data set to cite for it"


def _origin(source: str, what: str) -> Iterator[Found]:
    """Yield where a file comes from, by its place in the cache or Allen's name of it."""
    path = Path(source)
    in_cache = "cell_types" in path.parts and any(p.startswith("specimen_") for p in path.parts)
    if in_cache or re.fullmatch(r"\d+_(neuron_config|fit)\.json", path.name):
        yield WORKS["cell_types"], what
    elif mentioned(source):
        yield from ((work, what) for work in mentioned(source))
    else:
        name = path.name or "in memory"
        yield f"{what} ({name}): nothing says where it comes from; cite its source"


def _sweeps(value: SweepSet) -> Iterator[Found]:
    metadata, name = value.metadata, Path(value.source).name or "in memory"
    dandiset = str(metadata.get("dandiset", "")).split("/")[0]
    specimen = metadata.get("specimen_id")
    if value.synthetic:
        yield _made_up(f"the recording {metadata.get('specimen_name') or name}")
    elif dandiset in DANDISETS.values():
        yield from _all([_patch_seq(dandiset)], f"the recording {name}")
    elif isinstance(specimen, int) and str(metadata.get("format", "")).startswith("NWB 1"):
        yield WORKS["cell_types"], f"the recording of specimen {specimen}"
    else:
        yield from _origin(value.source, "the recording")


def _sweep(value: Sweep) -> Iterator[Found]:
    if value.source == "simulation":
        yield "a simulated sweep does not say of which model it is; cite that, too"
    elif value.synthetic:
        yield _made_up(value.label)
    else:
        yield from _origin(value.source, "the recording")


def _patch_seq(dandiset: str) -> str:
    return next(f"patch_seq_{name}" for name, of in DANDISETS.items() if of == dandiset)


def _morphology(value: Morphology) -> Iterator[Found]:
    if value.synthetic:
        yield _made_up("the reconstruction")
    else:
        yield from _origin(value.source, "the reconstruction")


def _numbers_of(source: str, synthetic: bool, what: str) -> Iterator[Found]:
    """Yield where a model's numbers come from; those that we fitted bring their search."""
    if synthetic:
        yield _made_up(f"what {what} rests on")
    elif source and not source.startswith("fitted by allentk"):
        yield from _origin(source, what)


def _glif(value: GLIFParameters) -> Iterator[Found]:
    yield WORKS["teeter2018"], "GLIF models"
    yield from _numbers_of(value.source, value.synthetic, "the model")


def _biophysical(value: BiophysicalParameters) -> Iterator[Found]:
    yield WORKS["gouwens2018"], "biophysical models"
    if value.kind == "all-active":
        yield WORKS["nandi2022"], "all-active models"
    yield from _numbers_of(value.source, value.synthetic, "the model")


def _biophysical_cell(value: BiophysicalModel) -> Iterator[Found]:
    yield from _biophysical(value.parameters)
    yield from _morphology(value.morphology)


def _published(value: PublishedBiophysicalModel) -> Iterator[Found]:
    yield from _biophysical_cell(value.model)


def _glif_fit(value: FitResult) -> Iterator[Found]:
    yield from _glif(value.model)
    if value.reason is not Reason.DIRECT and value.evaluations:
        yield WORKS["hansen2001"], _SEARCH


def _glif_fitter(value: GLIFFitter) -> Iterator[Found]:
    if hasattr(value, "result_"):
        yield from _glif_fit(value.result_)
    else:
        yield WORKS["teeter2018"], "GLIF models"


def _biophysical_fit(value: BiophysicalFitResult) -> Iterator[Found]:
    yield from _fitted_cell(value)
    yield WORKS["hansen2001"], f"{_SEARCH}, unless another optimizer was chosen"


def _biophysical_fitter(value: BiophysicalFitter) -> Iterator[Found]:
    if value.optimizer == "cma-es":
        yield WORKS["hansen2001"], _SEARCH
    if hasattr(value, "result_"):
        yield from _fitted_cell(value.result_)
    else:
        yield WORKS["gouwens2018"], "biophysical models"


def _fitted_cell(value: BiophysicalFitResult) -> Iterator[Found]:
    yield from _biophysical_cell(value.model)
    if value.synthetic:
        yield _made_up("what the model was fitted to")
    else:
        yield from _origin(value.targets.source, "the recording that was fitted to")


def _recipe(name: str) -> Iterator[Found]:
    for begin, keys in _RECIPES.items():
        if name.startswith(begin):
            yield from _all(keys, f"the network {begin.strip()}")
            return


def _network(value: Network) -> Iterator[Found]:
    yield from _recipe(value.name)
    for population in value.populations:
        yield from _population(population)


def _population(value: Population) -> Iterator[Found]:
    yield from found_in(value.models)
    if isinstance(value.source, LGN):
        yield from _all(["billeh2020", "dai2020"], "filters of the LGN")


def _network_response(value: NetworkResponse) -> Iterator[Found]:
    engine = str(value.provenance.get("engine", ""))
    if engine.startswith("NEURON"):
        yield WORKS["hines1997"], f"the engine {engine}"
    elif engine.startswith("NEST"):
        yield WORKS["gewaltig2007"], f"the engine {engine}"
    yield from _recipe(str(value.provenance.get("network", "")))
    if value.synthetic:
        yield _made_up("what the network rests on")
    yield "a response does not keep its network; cite that, too"


def _response(value: Response) -> Iterator[Found]:  # noqa: ARG001  what all of these are asked
    yield "a response does not say of which model it is; cite that, too"


def _reference(value: Reference) -> Iterator[Found]:
    if value.synthetic:
        yield _made_up(f"the reference {value.name}")
        return
    works = mentioned(f"{value.title}; {value.source}")
    yield from ((work, f"the reference {value.name}") for work in works)
    if WORKS["neuropixels"] in works:
        yield WORKS["siegle2021"], f"the reference {value.name}"
    if not works:
        said = value.source or "nothing says where it comes from"
        yield f"the reference {value.name}: cite its source ({said})"
    yield from _all(_DEFINITIONS.get(value.definition, ()), f"metrics as {value.definition!r}")


def _benchmark(value: Benchmark) -> Iterator[Found]:
    yield WORKS["billeh2020"], "the score S"
    yield from _reference(value.reference)


def _result(value: BenchmarkResult) -> Iterator[Found]:
    yield WORKS["billeh2020"], "the score S"
    yield from _reference(value.reference)
    if value.response is not None:
        yield from _network_response(value.response)
    if value.synthetic and not value.reference.synthetic:
        yield _made_up("what the model's cells rest on")
    yield from _table(value.model_table)


def _comparison(value: Comparison) -> Iterator[Found]:
    yield from found_in(value.results.values())


def _table(value: pd.DataFrame) -> Iterator[Found]:
    said = str(value.attrs.get("definition", ""))
    yield from _all(_DEFINITIONS.get(said, ()), f"metrics as {said!r}")
    if value.attrs.get("synthetic"):
        yield _made_up("the table")


def _metrics(value: SessionMetrics) -> Iterator[Found]:
    yield from _table(value.table)


def _session(*keys: str) -> Callable[[Any], Iterator[Found]]:
    def told(value: Any) -> Iterator[Found]:
        name = Path(value.path).name
        if value.metadata.get("synthetic"):
            yield _made_up(f"the session {name}")
        else:
            yield from _all(keys, f"the session {name}")

    return told


def _service(*keys: str) -> Callable[[Any], Iterator[Found]]:
    def told(value: Any) -> Iterator[Found]:
        if value.synthetic:
            yield _made_up(f"what {type(value).__name__} answers")
        else:
            yield from _all(keys, f"what {type(value).__name__} answers")

    return told


def _patch_seq_service(value: PatchSeq) -> Iterator[Found]:
    yield from _service(_patch_seq(value.dandiset))(value)


def _neuropixels(value: EcephysSession | ProbeLFP) -> Iterator[Found]:
    """Yield what a session with probes is of: Visual Behavior has a task, Visual Coding none."""
    kind = str(value.metadata.get("session_type", ""))
    coding = kind.startswith(("brain_observatory", "functional_connectivity")) or not kind
    yield from _session(*(("neuropixels", "siegle2021") if coding else ("visual_behavior",)))(value)


#: Types in the order in which they are tried, and what tells of them.
_TOLD: tuple[tuple[Any, Callable[[Any], Iterator[Found]]], ...] = (
    (SweepSet, _sweeps),
    (Sweep, _sweep),
    (Morphology, _morphology),
    (GLIFParameters, _glif),
    (BiophysicalParameters, _biophysical),
    (BiophysicalModel, _biophysical_cell),
    (PublishedBiophysicalModel, _published),
    (FitResult, _glif_fit),
    (GLIFFitter, _glif_fitter),
    (BiophysicalFitResult, _biophysical_fit),
    (BiophysicalFitter, _biophysical_fitter),
    (Network, _network),
    (Population, _population),
    (NetworkResponse, _network_response),
    (Response, _response),
    (Reference, _reference),
    (Benchmark, _benchmark),
    (BenchmarkResult, _result),
    (Comparison, _comparison),
    (SessionMetrics, _metrics),
    (OphysSession, _session("observatory", "devries2020")),
    ((EcephysSession, ProbeLFP), _neuropixels),
    (BehaviorSession, _session("visual_behavior", "garrett2020")),
    (CellTypes, _service("cell_types")),
    (BrainObservatory, _service("observatory", "devries2020")),
    (Neuropixels, _service("neuropixels", "siegle2021")),
    (VisualBehavior, _service("visual_behavior", "garrett2020")),
    (PatchSeq, _patch_seq_service),
    (pd.DataFrame, _table),
    (Mapping, lambda value: found_in(value.values())),
    ((list, tuple), found_in),
)
