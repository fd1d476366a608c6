"""Equations and parameters of cell models; nothing here runs a simulation."""

from allentk.models.biophysical import BiophysicalParameters, SectionParameters
from allentk.models.biophysical_model import BiophysicalModel
from allentk.models.glif import GLIFParameters

__all__ = ["BiophysicalModel", "BiophysicalParameters", "GLIFParameters", "SectionParameters"]
