"""Metrics of de Vries et al. 2020, Nature Neuroscience 23:138, from events."""
