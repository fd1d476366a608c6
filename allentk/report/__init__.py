"""Scores to pages: one self-contained report, and figures of sweeps, cells and fitted models."""

from allentk.report.biophysical_figure import biophysical_figure
from allentk.report.biophysical_page import write_biophysical_report
from allentk.report.comparison import write_comparison
from allentk.report.feature_figures import feature_figure
from allentk.report.fit_overview import fit_figure
from allentk.report.html import write_report
from allentk.report.pages import CellPage, NetworkPage, ObservatoryPage
from allentk.report.session_page import SessionPage, write_session_report
from allentk.report.sweep_figures import sweep_figure

__all__ = [
    "CellPage",
    "NetworkPage",
    "ObservatoryPage",
    "SessionPage",
    "biophysical_figure",
    "feature_figure",
    "fit_figure",
    "sweep_figure",
    "write_biophysical_report",
    "write_comparison",
    "write_report",
    "write_session_report",
]
