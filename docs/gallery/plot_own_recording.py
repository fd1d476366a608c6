"""
Your own recording
==================

Arrays from any rig become a recording: write it as NWB 2, read it back, measure it. The arrays here are of a
SYNTHETIC cell; put your own in their place.
"""  # noqa: D205, D400 - the first line is a title

import tempfile
from pathlib import Path

import allentk as atk
from allentk.report import sweep_figure

# %%
# What a rig gives: voltage in mV, current in pA, samples per second. (Here: three steps of the demo.)

demo = atk.demo().cells.sweeps(900000001).where(stimulus="Long Square", clamp="current")
rig = [(demo[i].voltage_mv, demo[i].current_pa, demo[i].sampling_rate_hz) for i in (0, 5, 12)]

# %%
# A sweep per trial. When the step begins and ends, in s, may be said; otherwise it is found in the current.
# ``atk.Sweep.from_samples(time_s, voltage_mv, current_pa)`` takes samples at uneven times.

sweeps = atk.SweepSet(
    [
        atk.Sweep(voltage_mv, current_pa, rate_hz, number=number, stimulus="Long Square")
        for number, (voltage_mv, current_pa, rate_hz) in enumerate(rig)
    ],
    source="my rig",
    metadata={"synthetic": True},
)

# %%
# One file, which the usual NWB programs read, and back.

path = Path(tempfile.mkdtemp()) / "my-cell.nwb"
atk.write_nwb(sweeps, path, session_description="three steps of a SYNTHETIC cell")
again = atk.read_nwb(path)
again.table[["number", "clamp", "stimulus", "sampling_rate_hz", "n_samples"]]

# %%
# What works on Allen's recordings works on yours: features, quality, fits.

columns = ["number", "amplitude_pa", "n_spikes", "v_baseline"]
measured = atk.features.table(again)
measured[[name for name in columns if name in measured]].round(2)

# %%

figure = sweep_figure(again.sweep(2), synthetic=True)
