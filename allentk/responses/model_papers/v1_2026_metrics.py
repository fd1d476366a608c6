"""What the columns of the definition "v1-2026" are."""

from __future__ import annotations

from allentk.responses.definition import Metric, ResponseQuirk, entries

__all__ = ["METRICS", "QUIRKS"]

_SOURCE = "AllenInstitute/biorealistic-v1-model, calculate_odsi.py, model_metrics_analysis.py"

_GRATINGS = """
    cell | 1 | id of the cell |
    preferred_direction_deg | deg | direction of the largest mean rate | silent
    preferred_angle_deg | deg | half the phase of z2 = sum R e^(2i theta), turned by 180 deg where
        the projection of z1 = sum R e^(i theta) on it is negative | silent
    peak_rate_hz | Hz | mean rate at the preferred direction |
    mean_rate_hz | Hz | mean over directions of the rate in 0 to 2 s from the onset, 500 to 2500 ms
        of a trial |
    spontaneous_rate_hz | Hz | mean rate from 0.4 s before every grating to its onset, 100 to 500 ms
        of a trial |
    osi_vector | 1 | abs(z2) / sum R | rate at the preferred direction below 0.5 Hz, uneven directions
    dsi_vector | 1 | abs(z1) / sum R | rate at the preferred direction below 0.5 Hz, uneven directions
    n_trials | 1 | trials measured |
    notes |  | why a cell lacks values |
"""
_GRAY = """
    cell | 1 | id of the cell |
    spontaneous_rate_hz | Hz | mean rate from 0.4 s before every presentation to its onset |
    duration_s | s | time measured in all |
    notes |  | why a cell lacks values |
"""

METRICS: tuple[Metric, ...] = (
    *entries("v1-2026", "drifting_gratings", _GRATINGS, _SOURCE),
    *entries("v1-2026", "spontaneous", _GRAY, _SOURCE),
)

#: None of its formulas is a defect; what differs from others has a name of its own.
QUIRKS: tuple[ResponseQuirk, ...] = ()
