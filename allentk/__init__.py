"""allentk: from a cell's ID to a fitted model, a network, and a report against the Observatory.

>>> import allentk as atk

Names are loaded on first use, so that importing the package stays light.
"""

from __future__ import annotations

import importlib
from typing import Any

from allentk._version import __version__

_NAMES = {
    # data
    "LongSquare": "allentk.data:LongSquare",
    "Morphology": "allentk.data:Morphology",
    "NetworkResponse": "allentk.data:NetworkResponse",
    "Noise": "allentk.data:Noise",
    "Ramp": "allentk.data:Ramp",
    "Response": "allentk.data:Response",
    "ShortSquare": "allentk.data:ShortSquare",
    "SpikeTrains": "allentk.data:SpikeTrains",
    "StimulusTable": "allentk.data:StimulusTable",
    "Sweep": "allentk.data:Sweep",
    "SweepSet": "allentk.data:SweepSet",
    "Traces": "allentk.data:Traces",
    "TripleShortSquare": "allentk.data:TripleShortSquare",
    "Zero": "allentk.data:Zero",
    # services and files
    "BrainObservatory": "allentk.api:BrainObservatory",
    "CellTypes": "allentk.api:CellTypes",
    "PatchSeq": "allentk.api:PatchSeq",
    "Neuropixels": "allentk.api:Neuropixels",
    "VisualBehavior": "allentk.api:VisualBehavior",
    "demo": "allentk.api:demo",
    "BiophysicalModel": "allentk.models:BiophysicalModel",
    "BiophysicalParameters": "allentk.models:BiophysicalParameters",
    "read_biophysical": "allentk.io:read_biophysical",
    "read_biophysical_model": "allentk.io:read_biophysical_model",
    "write_biophysical": "allentk.io:write_biophysical",
    "write_biophysical_model": "allentk.io:write_biophysical_model",
    "read_glif": "allentk.io:read_glif",
    "read_nwb": "allentk.io:read_nwb",
    "read_session": "allentk.io:read_session",
    "read_swc": "allentk.io:read_swc",
    "write_glif": "allentk.io:write_glif",
    "write_nwb": "allentk.io:write_nwb",
    "write_swc": "allentk.io:write_swc",
    # numbers, models, networks
    "BiophysicalFitter": "allentk.fitting:BiophysicalFitter",
    "GLIFFitter": "allentk.fitting:GLIFFitter",
    "GLIFParameters": "allentk.models:GLIFParameters",
    "ConductanceProjection": "allentk.network:ConductanceProjection",
    "Network": "allentk.network:Network",
    "PoissonSynapses": "allentk.network:PoissonSynapses",
    "Population": "allentk.network:Population",
    "Projection": "allentk.network:Projection",
    "Synapse": "allentk.network:Synapse",
    "read_network": "allentk.network.sonata_read:read_network",
    "read_sonata": "allentk.io.sonata:read_sonata",
    "features": "allentk.features",
    "recipes": "allentk.network.recipes",
    "responses": "allentk.responses",
    "simulate": "allentk.simulation:simulate",
    "simulate_population": "allentk.simulation:simulate_population",
    "visual": "allentk.network.visual",
    # comparison
    "Benchmark": "allentk.benchmark:Benchmark",
    "cite": "allentk.workflow:cite",
    "write_report": "allentk.report:write_report",
    # errors
    "AllenTKError": "allentk.errors:AllenTKError",
}

__all__ = ["__version__", *_NAMES]


def __getattr__(name: str) -> Any:
    if name not in _NAMES:
        raise AttributeError(f"module 'allentk' has no attribute {name!r}")
    module, _, attribute = _NAMES[name].partition(":")
    loaded = importlib.import_module(module)
    value = getattr(loaded, attribute) if attribute else loaded
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(set(__all__) | set(globals()))
