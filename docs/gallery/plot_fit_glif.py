"""
Fit a GLIF and read the verdict
===============================

Level 2 (a reset rule and a threshold that rises with every spike) is fitted to the noise that was played for
fitting, and judged on noise it has not seen. The cell is SYNTHETIC.
"""  # noqa: D205, D400 - the first line is a title

import allentk as atk
from allentk.fitting import fit_levels
from allentk.report import fit_figure

sweeps = atk.demo().cells.sweeps(900000001)
fits = fit_levels(sweeps, levels=(2,), seed=0, max_evaluations=100)
fits.table[["level", "cv_score", "cv_sd", "training_score", "aic"]].round(3)

# %%
# ``cv_score`` is the explained variance of stretches that were left out while fitting: by it a level is
# chosen, where several were fitted. The reason for stopping says what to do about it.

fits.fits[2].reason

# %%
# The parameters, in pF, MOhm, mV, pA and s.

model = fits.fits[2].model
model

# %%
# The verdict: scores on the held-out noise as a share of what the cell's own repeats explain of each other
# (a ratio of 1 is as good as the data allow), the trains, and the stretches predicted best and worst.

verdict = fit_figure(sweeps, fits)

# %%
# The model answers to any current.

atk.simulate(model, atk.LongSquare(amplitude_pa=200))
