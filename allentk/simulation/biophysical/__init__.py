"""Compartmental cells: the full tree in NEURON or compiled, and the reduced one."""
