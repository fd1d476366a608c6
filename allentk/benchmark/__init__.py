"""Metrics to scores: a model's cells against the Observatory's, class by class."""

from allentk.benchmark.benchmark import Benchmark
from allentk.benchmark.cells import open_reference, read_cells
from allentk.benchmark.comparison import Comparison, compare
from allentk.benchmark.distances import ks_distance, wasserstein_distance
from allentk.benchmark.distribution import Distribution
from allentk.benchmark.reference import Reference
from allentk.benchmark.result import BenchmarkResult
from allentk.benchmark.shipped import load_reference, reference_names

__all__ = [
    "Benchmark",
    "BenchmarkResult",
    "Comparison",
    "Distribution",
    "Reference",
    "compare",
    "ks_distance",
    "load_reference",
    "open_reference",
    "read_cells",
    "reference_names",
    "wasserstein_distance",
]
