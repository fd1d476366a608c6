"""Runs things: one cell, a population of cells, or a network."""

from allentk.simulation.packed_population import PackedPopulation, pack
from allentk.simulation.population import PopulationResponse, simulate_population
from allentk.simulation.population_input import GaussianInput
from allentk.simulation.simulate import BACKENDS, simulate

__all__ = [
    "BACKENDS",
    "GaussianInput",
    "PackedPopulation",
    "PopulationResponse",
    "pack",
    "simulate",
    "simulate_population",
]
