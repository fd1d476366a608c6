"""Metrics as the papers of the cortical models define them."""
