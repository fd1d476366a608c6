"""Point neurons among NEURON cells: GLIF level 1 whose inputs are jumps of the voltage."""

from __future__ import annotations

from typing import Any

from allentk.models import GLIFParameters
from allentk.simulation.biophysical.mechanisms import JUMP_CELL, PREFIX

__all__ = ["PointCell"]


class PointCell:
    """A leaky integrate-and-fire cell, computed from event to event.

    Parameters
    ----------
    h : HocObject
        NEURON.
    model : GLIFParameters
        Level 1.

    Attributes
    ----------
    cell : HocObject
        What takes jumps in mV, at their own times and not at those of steps.

    Notes
    -----
    ``IntFire1`` of NEURON in mV, with one difference: jumps of one moment are added up before the
    threshold is asked, where ``IntFire1`` takes them in an order that nobody knows.
    """

    def __init__(self, h: Any, model: GLIFParameters) -> None:
        self.h = h
        self.cell = getattr(h, PREFIX + JUMP_CELL)()
        self.cell.tau = model.tau_m_s * 1e3
        self.cell.limit = model.th_inf_mv
        self.cell.refractory = model.t_ref_s * 1e3

    def connection(self, target: Any) -> Any:
        """Return a connection from the cell; no target where it only records."""
        return self.h.NetCon(self.cell, target)
