"""Metrics of the two-photon warehouse, from fluorescence: the definitions behind the published cell metrics."""
