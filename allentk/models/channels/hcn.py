"""The hyperpolarisation-activated, non-specific channel Ih.

Papers are in `allentk.models.known_mechanisms`.
"""

from __future__ import annotations

import numpy as np

from allentk.models.channels.gates import Channel, Gate, at_any_temperature
from allentk.models.channels.rates import linoid

__all__ = ["HCN"]

_GATE = Gate.of_rates(
    "m",
    lambda v: 0.00643 * linoid(v + 154.9, 11.9),
    lambda v: 0.193 * np.exp(v / 33.1),
    at_any_temperature,
)

#: Ih.
HCN = Channel("Ih", "", (_GATE,), ((1.0, (1,)),), reversal_mv=-45.0)
