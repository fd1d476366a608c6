"""Biophysical models fitted to a recording and a reconstruction."""

from allentk.fitting.biophysical.estimator import BiophysicalFitter

__all__ = ["BiophysicalFitter"]
