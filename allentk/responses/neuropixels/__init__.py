"""Metrics of Visual Coding Neuropixels, from spikes."""
