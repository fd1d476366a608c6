"""From pixels to events: demixing, neuropil, dF/F, noise, events."""
