"""Metrics to scores: a model's cells against the Observatory's, class by class.

Decoding and the forward model are loaded on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from allentk.benchmark.benchmark import Benchmark
from allentk.benchmark.cells import open_reference, read_cells
from allentk.benchmark.comparison import Comparison, compare
from allentk.benchmark.distances import ks_distance, wasserstein_distance
from allentk.benchmark.distribution import Distribution
from allentk.benchmark.reference import Reference
from allentk.benchmark.result import BenchmarkResult
from allentk.benchmark.shipped import load_reference, reference_names

if TYPE_CHECKING:
    from allentk.benchmark.decoding import decode, decode_stimuli
    from allentk.benchmark.forward import imaged, to_fluorescence

_ON_USE = {
    "decode": "allentk.benchmark.decoding",
    "decode_stimuli": "allentk.benchmark.decoding",
    "imaged": "allentk.benchmark.forward",
    "to_fluorescence": "allentk.benchmark.forward",
}

__all__ = [
    "Benchmark",
    "BenchmarkResult",
    "Comparison",
    "Distribution",
    "Reference",
    "compare",
    "decode",
    "decode_stimuli",
    "imaged",
    "ks_distance",
    "load_reference",
    "open_reference",
    "read_cells",
    "reference_names",
    "to_fluorescence",
    "wasserstein_distance",
]


def __getattr__(name: str) -> Any:
    if name not in _ON_USE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_ON_USE[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
