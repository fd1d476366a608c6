"""Equations and parameters of cell models; nothing here runs a simulation."""

from allentk.models.glif import GLIFParameters

__all__ = ["GLIFParameters"]
