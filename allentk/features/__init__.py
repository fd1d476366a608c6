"""Sweeps to numbers: spikes, trains, subthreshold responses, quality, and a cell in one row."""

from allentk.data.ontology import stimulus_of
from allentk.data.window import stimulus_window
from allentk.features._efel import EFEL_NAMES, EfelSettings, efel
from allentk.features.bursts import Bursts, bursts
from allentk.features.cell import CELL_COLUMNS, cell
from allentk.features.chirp import Impedance, impedance
from allentk.features.definition import Definition
from allentk.features.delay import Delay, delay
from allentk.features.detect import Criteria
from allentk.features.long_square import LongSquares, long_squares
from allentk.features.measure import FIRST_SPIKE, amplitude_pa, sweep, table
from allentk.features.patterns import patterns
from allentk.features.pauses import Pauses, pauses
from allentk.features.quality import (
    QUALITY_COLUMNS,
    QualityLimits,
    failed_sweeps,
    passed,
    quality,
    sweep_quality,
)
from allentk.features.quirks import QUIRKS, Quirk
from allentk.features.spike_table import SPIKE_COLUMNS, spikes
from allentk.features.subthreshold import (
    baseline,
    deflection,
    input_resistance,
    measured_pa,
    resting_baseline,
    sag,
    steady_state,
    time_constant,
)
from allentk.features.train import adaptation, train
from allentk.features.triple import TRIPLE_COLUMNS, triples
from allentk.features.vectors import VECTOR_SHAPES, FeatureVectors, vectors

__all__ = [
    "CELL_COLUMNS",
    "EFEL_NAMES",
    "FIRST_SPIKE",
    "QUALITY_COLUMNS",
    "QUIRKS",
    "SPIKE_COLUMNS",
    "TRIPLE_COLUMNS",
    "VECTOR_SHAPES",
    "Bursts",
    "Criteria",
    "Definition",
    "Delay",
    "EfelSettings",
    "FeatureVectors",
    "Impedance",
    "LongSquares",
    "Pauses",
    "QualityLimits",
    "Quirk",
    "adaptation",
    "amplitude_pa",
    "baseline",
    "bursts",
    "cell",
    "deflection",
    "delay",
    "efel",
    "failed_sweeps",
    "impedance",
    "input_resistance",
    "long_squares",
    "measured_pa",
    "passed",
    "patterns",
    "pauses",
    "quality",
    "resting_baseline",
    "sag",
    "spikes",
    "steady_state",
    "stimulus_of",
    "stimulus_window",
    "sweep",
    "sweep_quality",
    "table",
    "time_constant",
    "train",
    "triples",
    "vectors",
]
