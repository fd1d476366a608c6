"""Ion channels as equations: what every mechanism of the database does at a voltage.

`CHANNELS` holds those made of independent gates; NaV and NaV2 are schemes of coupled states
(`rate_matrix`, `equilibrium`); the calcium pool CaDynamics is `calcium_drive` and a decay. Voltages
in mV, times in ms, temperatures in degrees Celsius, as is the custom for channels. All functions are
vectorised over the voltage.
"""

from __future__ import annotations

from collections.abc import Mapping

from allentk.models.channels.calcium import (
    CAI0_MM,
    CALCIUM,
    CAO_MM,
    FARADAY,
    GAS_CONSTANT,
    calcium_drive,
    nernst_mv,
    nernst_slope_mv,
)
from allentk.models.channels.gates import Channel, Gate
from allentk.models.channels.hcn import HCN
from allentk.models.channels.potassium import POTASSIUM
from allentk.models.channels.sodium import SODIUM
from allentk.models.channels.sodium_scheme import (
    OPEN,
    SCHEMES,
    STATES,
    Ladder,
    equilibrium,
    ladder,
    rate_matrix,
)
from allentk.models.frozen import Frozen

__all__ = [
    "CAI0_MM",
    "CAO_MM",
    "CHANNELS",
    "FARADAY",
    "GAS_CONSTANT",
    "OPEN",
    "SCHEMES",
    "STATES",
    "Channel",
    "Gate",
    "Ladder",
    "calcium_drive",
    "equilibrium",
    "ladder",
    "nernst_mv",
    "nernst_slope_mv",
    "rate_matrix",
]

#: Every channel of independent gates, by its name in Allen's files.
CHANNELS: Mapping[str, Channel] = Frozen(
    {one.name: one for one in (HCN, *POTASSIUM, *CALCIUM, *SODIUM)}
)
