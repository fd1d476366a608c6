"""What the columns of the definition "layer4" are."""

from __future__ import annotations

from allentk.responses.definition import Metric, ResponseQuirk, entries

__all__ = ["METRICS", "QUIRKS"]

_SOURCE = "Arkhipov et al. 2018, PLoS Comput Biol 14:e1006535, SI_1 and SI_5"

_GRATINGS = """
    cell | 1 | id of the cell |
    preferred_direction_deg | deg | direction of the largest rate averaged over spatial and temporal
        frequencies (Ori_compute.py) | silent
    preferred_sf_cpd | cycles/deg | spatial frequency of the largest rate at that direction |
        silent, not in the table
    preferred_tf_hz | Hz | temporal frequency of the largest rate at that direction | silent, not in
        the table
    peak_rate_hz | Hz | Rmax: largest mean rate of all conditions (Rmax_new.py) |
    mean_rate_hz | Hz | mean over conditions of the rate in 0 to 2.5 s from the onset, 500 to 3000
        ms of a trial (f_rate.py) |
    spontaneous_rate_hz | Hz | mean over blanks, in the same window | no blanks
    osi_vector | 1 | CV_ori: abs(sum R e^(2i theta)) / sum R at the preferred frequencies; 0 for a
        cell without a spike | uneven directions
    osi_modulation | 1 | (R_po - R_orth) / (R_po + R_orth), R_po the mean of preferred and opposite,
        R_orth of +90 and -90 deg | no response, a direction not shown
    dsi_pair | 1 | (R_pref - R_opp) / (R_pref + R_opp), opp 180 deg away | no response, the opposite
        not shown
    n_trials | 1 | trials measured |
    tuning_width_deg | deg | with `tuning_width=True`: half width at half height, sigma sqrt(2 ln 2), of
        B + A1 G(theta - p) + A2 G(theta - p - 180) fitted to the curve at the preferred frequencies
        (Ori_tuning_curves_Gaussian_fit.py) | equal or missing responses
    notes |  | why a cell lacks values |
"""
_GRAY = """
    cell | 1 | id of the cell |
    spontaneous_rate_hz | Hz | mean rate over the trials of a gray screen, weighted by time
        (spont_activity_new.py) |
    duration_s | s | gray in all |
    notes |  | why a cell lacks values |
"""

METRICS: tuple[Metric, ...] = (
    *entries("layer4", "drifting_gratings", _GRATINGS, _SOURCE),
    *entries("layer4", "spontaneous", _GRAY, _SOURCE),
)

#: None of its formulas is a defect; what differs from others has a name of its own.
QUIRKS: tuple[ResponseQuirk, ...] = ()
