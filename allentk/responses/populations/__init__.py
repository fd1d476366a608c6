"""Statistics of many cells together: correlations, variability, spectra, time scales."""
