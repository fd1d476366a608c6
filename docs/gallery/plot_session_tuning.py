"""
An Observatory session's tuning
===============================

From dF/F of a two-photon session to a table of metrics and a cell's tuning curve. The session is SYNTHETIC; with
a network ``atk.BrainObservatory().session(502376461)`` gives a recorded one.
"""  # noqa: D205, D400 - the first line is a title

from matplotlib.figure import Figure

import allentk as atk

session = atk.demo().observatory.session(900100001)
table = session.stimulus_table("drifting_gratings")
table

# %%
# One row per cell. ``definition=`` says whose formulas: the default is our own; ``"warehouse"``,
# ``"paper2020"`` and others are those of the published tables.

metrics = atk.responses.drifting_gratings(session.dff(), table)
names = ["cell", "peak_response", "osi_vector", "dsi_vector", "preferred_direction_deg"]
metrics[names].round(2).head()

# %%
# The tuning of the cell with the largest response: means over trials, in each direction and frequency.

cell = int(metrics.loc[metrics["peak_response"].idxmax(), "cell"])
curves = atk.responses.tuning_curves(session.dff(), table, ids=[cell])
figure = Figure(figsize=(7, 3.4), layout="constrained")
panel = figure.subplots()
for frequency, curve in curves.groupby("temporal_frequency_hz"):
    panel.plot(curve["orientation_deg"], curve["mean"], "o-", label=f"{frequency:g} Hz")
panel.set(xlabel="direction (deg)", ylabel="mean dF/F", title=f"Cell {cell} of a SYNTHETIC session")
panel.legend(frameon=False)
