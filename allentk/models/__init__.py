"""Equations and parameters of cell models; nothing here runs a simulation."""

from allentk.models.biophysical import BiophysicalParameters, SectionParameters
from allentk.models.glif import GLIFParameters

__all__ = ["BiophysicalParameters", "GLIFParameters", "SectionParameters"]
