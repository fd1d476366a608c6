"""Biophysical models fitted to a recording and a reconstruction."""
