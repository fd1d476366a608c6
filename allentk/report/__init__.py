"""Scores to pages: one self-contained report, and figures of sweeps."""

from allentk.report.cell_figures import sweep_figure
from allentk.report.html import write_report
from allentk.report.pages import CellPage, NetworkPage, ObservatoryPage

__all__ = ["CellPage", "NetworkPage", "ObservatoryPage", "sweep_figure", "write_report"]
