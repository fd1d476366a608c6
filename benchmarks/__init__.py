"""Comparisons with peers, and long checks; their results are in ``benchmarks/results``."""
