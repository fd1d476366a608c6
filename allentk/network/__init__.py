"""What is connected: populations, projections, what the network sees, and recipes to build it.

Nothing here runs a simulation; ``allentk.simulate`` does.
"""

from allentk.network.building import connect, expected_in_degree
from allentk.network.by_class import ByClass
from allentk.network.conductance_projection import ConductanceProjection
from allentk.network.degrees import AllToAll, InDegree, OneToOne, Pairs, Total
from allentk.network.edge_values import Conduction, LikeToLike, LogNormal, PairBlock, UniformCount
from allentk.network.inputs import CurrentClamp, PoissonInput, PoissonSynapses, Replay
from allentk.network.jump_projection import JumpProjection
from allentk.network.network import Network
from allentk.network.per_pair import PerPair
from allentk.network.population import NODE_COLUMNS, Population, SpikeSource
from allentk.network.positions import Box, Column, Ellipsoid
from allentk.network.projection import Projection, Receptor
from allentk.network.rules import Chance, Frame, Gaussian, Linear, Probability, Tuning
from allentk.network.synapses import Synapse

__all__ = [
    "NODE_COLUMNS",
    "AllToAll",
    "Box",
    "ByClass",
    "Chance",
    "Column",
    "ConductanceProjection",
    "Conduction",
    "CurrentClamp",
    "Ellipsoid",
    "Frame",
    "Gaussian",
    "InDegree",
    "JumpProjection",
    "LikeToLike",
    "Linear",
    "LogNormal",
    "Network",
    "OneToOne",
    "PairBlock",
    "Pairs",
    "PerPair",
    "PoissonInput",
    "PoissonSynapses",
    "Population",
    "Probability",
    "Projection",
    "Receptor",
    "Replay",
    "SpikeSource",
    "Synapse",
    "Total",
    "Tuning",
    "UniformCount",
    "connect",
    "expected_in_degree",
]
