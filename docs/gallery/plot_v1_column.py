"""
A V1 column, scored against the Observatory
===========================================

A five-hundredth of the V1 model of 2026 looks at a grating, and its cells are compared with recorded ones, class
by class. Cells are published GLIF models, wiring and inputs come from the tables of the package; nothing here
is synthetic. But so narrow a column lacks most of a cell's connections, and what is shown is far too short:
read the figure for how a score is read, not for what the model is worth.
"""  # noqa: D205, D400 - the first line is a title

from matplotlib.figure import Figure

import allentk as atk

network = atk.recipes.v1(scale=0.002, seed=0)
network

# %%
# Four directions at 2 Hz, as the reference has them. The benchmark measures a network under the reference's
# own conditions.

shown = atk.visual.drifting_gratings(
    directions_deg=(0, 90, 180, 270),
    temporal_frequencies_hz=(2.0,),
    n_repeats=1,
    duration_s=0.25,
    gap_s=0.1,
)
response = atk.simulate(network, shown, seed=0)

# %%
# A class is scored where both sides have 15 cells. S is 1 less the Kolmogorov-Smirnov distance; read it beside
# ``ceiling``, what halves of the data score against each other.

result = atk.Benchmark("drifting_gratings", reference="v1-neuropixels", bootstrap=0).score(response)
scored = result.table[result.table["scored"]]
columns = ["metric", "population", "n_model", "n_data", "S", "ceiling"]
scored[columns].round(2).head(12)

# %%
# ``result.to_html("report.html")`` writes the whole report. Here the scores of one metric:

rates = scored[scored["metric"] == "peak_rate_hz"]
figure = Figure(figsize=(7, 3), layout="constrained")
panel = figure.subplots()
panel.barh(rates["population"], rates["S"], color="#0072B2", label="model against data")
panel.plot(
    rates["ceiling"], rates["population"], "k|", markersize=14, label="ceiling: data against data"
)
panel.set(xlim=(0, 1), xlabel="S of the peak rate", title="A narrow column, shown for 0.25 s")
panel.legend(loc="lower right", frameon=False)
