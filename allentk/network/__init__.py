"""What is connected: populations, projections, what the network sees, and recipes to build it.

Nothing here runs a simulation; ``allentk.simulate`` does.
"""

from allentk.network.conductance_projection import ConductanceProjection
from allentk.network.inputs import CurrentClamp, PoissonInput, PoissonSynapses, Replay
from allentk.network.jump_projection import JumpProjection
from allentk.network.network import Network
from allentk.network.population import NODE_COLUMNS, Population, SpikeSource
from allentk.network.projection import Projection, Receptor
from allentk.network.synapses import Synapse

__all__ = [
    "NODE_COLUMNS",
    "ConductanceProjection",
    "CurrentClamp",
    "JumpProjection",
    "Network",
    "PoissonInput",
    "PoissonSynapses",
    "Population",
    "Projection",
    "Receptor",
    "Replay",
    "SpikeSource",
    "Synapse",
]
