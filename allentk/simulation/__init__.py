"""Runs things: one cell, or a network."""

from allentk.simulation.simulate import BACKENDS, simulate

__all__ = ["BACKENDS", "simulate"]
