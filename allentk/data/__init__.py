"""What things are: immutable values. This floor imports numpy and pandas only.

Time is in seconds, voltage in mV, current in pA, length in um, resistance in MOhm,
capacitance in pF and conductance in nS, everywhere above the files.
"""

from allentk.data.morphology import Morphology
from allentk.data.ontology import (
    PROTOCOLS,
    STIMULI,
    UNKNOWN,
    StimulusKind,
    protocol,
    stimulus_of,
)
from allentk.data.presentations import BLANK_NAMES, StimulusTable, Traces
from allentk.data.response import NetworkResponse, Response
from allentk.data.spikes import SpikeTrains
from allentk.data.stimulus import (
    LongSquare,
    Noise,
    Ramp,
    ShortSquare,
    Stimulus,
    TripleShortSquare,
    Zero,
)
from allentk.data.sweep import Sweep
from allentk.data.sweep_set import SWEEP_COLUMNS, SweepSet
from allentk.data.uniform import RATES_HZ, Uniform, from_samples, uniform
from allentk.data.window import stimulus_window

__all__ = [
    "BLANK_NAMES",
    "PROTOCOLS",
    "RATES_HZ",
    "STIMULI",
    "SWEEP_COLUMNS",
    "UNKNOWN",
    "LongSquare",
    "Morphology",
    "NetworkResponse",
    "Noise",
    "Ramp",
    "Response",
    "ShortSquare",
    "SpikeTrains",
    "Stimulus",
    "StimulusKind",
    "StimulusTable",
    "Sweep",
    "SweepSet",
    "Traces",
    "TripleShortSquare",
    "Uniform",
    "Zero",
    "from_samples",
    "protocol",
    "stimulus_of",
    "stimulus_window",
    "uniform",
]
