"""
A cell's features
=================

From a recording to the row that the Cell Types Database publishes. The cell is SYNTHETIC: with a network,
``atk.CellTypes()`` in place of ``atk.demo().cells`` gives recorded ones.
"""  # noqa: D205, D400 - the first line is a title

import allentk as atk
from allentk.report import feature_figure, sweep_figure

cells = atk.demo().cells
sweeps = cells.sweeps(900000001)
sweeps

# %%
# One row for the cell: voltages in mV, times in s, resistance in MOhm, by the published names.

row = atk.features.cell(sweeps)
{name: round(row[name], 3) for name in ("vrest", "ri", "tau", "sag", "f_i_curve_slope")}

# %%
# One row per spike of a step.

step = sweeps.where(stimulus="Long Square", clamp="current")[-1]
spikes = atk.features.spikes(step)
spikes[["threshold_t", "threshold_v", "peak_v", "width", "upstroke"]].round(4).head()

# %%
# Everything that was measured on the step, marked. The mark says that the cell is made up.

marked = sweep_figure(step, synthetic=cells.synthetic)

# %%
# The page of the cell: f-I curve, sag, time constant, spikes over each other, quality.

overview = feature_figure(sweeps, synthetic=cells.synthetic)
