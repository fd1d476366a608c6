"""
Fit a perisomatic model
=======================

Channels at the soma, passive dendrites: conductances are sought so that steps of current are answered as the
cell answers them. Here the search may try 60 models, which takes seconds and is far too few (the default is
60,000): the verdict says so. The cell and its shape are SYNTHETIC.
"""  # noqa: D205, D400 - the first line is a title

import allentk as atk
from allentk.fitting.biophysical.verdict import verdict
from allentk.report import biophysical_figure

cells = atk.demo().cells
sweeps, morphology = cells.sweeps(900000001), cells.morphology(900000001)
fitter = atk.BiophysicalFitter(kind="perisomatic", seed=0, max_evaluations=60)
fit = fitter.fit(sweeps, morphology=morphology, dendrite_type="spiny")
fit.result_

# %%
# What the fit did not see comes first: steps that were held out.

judged = verdict(fit.result_, sweeps=sweeps)
judged

# %%
# Count and voltage against the current (held-out steps are open symbols), deviations of the features, voltage
# against time, the search, and where the parameters lie within their bounds.

figure = biophysical_figure(fit.result_, sweeps=sweeps, verdict=judged)
