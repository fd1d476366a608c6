"""What is connected: populations, projections, what the network sees, and recipes to build it.

Nothing here runs a simulation; ``allentk.simulate`` does.
"""

from allentk.network.inputs import CurrentClamp, PoissonInput, Replay
from allentk.network.network import Network
from allentk.network.population import NODE_COLUMNS, Population, SpikeSource
from allentk.network.projection import Projection, Receptor

__all__ = [
    "NODE_COLUMNS",
    "CurrentClamp",
    "Network",
    "PoissonInput",
    "Population",
    "Projection",
    "Receptor",
    "Replay",
    "SpikeSource",
]
