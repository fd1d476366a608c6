"""
The eight cells of the tutorial
===============================

Four cells with compartments and four integrate-and-fire cells, all connected, on NEURON. Rules, weights and
input are those of the Allen Institute's modelling tutorial. The shapes of the cells are SYNTHETIC, because
the published ones are not carried: ``recipes.tutorial8(cells="bio_components")`` takes them from BMTK's
folder, and then the published spikes come out.

The first run compiles the channels, which takes ``make`` and ``g++``.
"""  # noqa: D205, D400 - the first line is a title

from matplotlib.figure import Figure

import allentk as atk

network = atk.recipes.tutorial8(seed=2017)
network

# %%
# Half a second on a gray screen: the input repeats Poisson trains of 0.5 Hz.

response = atk.simulate(
    network,
    atk.visual.gray(0.5),
    backend="neuron",
    dt_s=1e-4,
    record=("spikes", "voltage_mv:Scnn1a:0"),
)
response.rates_hz()

# %%
# The voltage of a cell, and everyone's spikes.

figure = Figure(figsize=(8, 4), layout="constrained")
above, below = figure.subplots(2, 1, sharex=True)
voltage = response.voltage_mv["Scnn1a"]
above.plot(voltage.index, voltage.iloc[:, 0], color="#222222", linewidth=0.8)
above.set(ylabel="voltage (mV)", title="Scnn1a 0, SYNTHETIC shape")
row = 0
for trains in response.spikes.values():
    for cell in range(2):
        below.plot(trains.of(cell), [row] * len(trains.of(cell)), "|", markersize=12)
        row += 1
names = [f"{name} {cell}" for name in response.spikes for cell in range(2)]
below.set(yticks=range(row), yticklabels=names, xlabel="time (s)")
