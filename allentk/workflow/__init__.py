"""The whole loop as one function: cells to models, models to a network, the network to a report."""

from allentk.workflow.cell import CellStudy, study_cell
from allentk.workflow.demo import demo
from allentk.workflow.loop import run
from allentk.workflow.result import LoopResult

__all__ = ["CellStudy", "LoopResult", "demo", "run", "study_cell"]
