"""A cell in one row: the columns the Cell Types Database publishes."""

from __future__ import annotations

import math
from operator import itemgetter
from typing import Any

import numpy as np
import pandas as pd

from allentk.data import SweepSet
from allentk.errors import FeatureError
from allentk.features.measure import table as measure_all
from allentk.features.short_square import prepared, short_squares
from allentk.features.subthreshold import input_resistance

__all__ = ["CELL_COLUMNS", "cell"]

_POINTS = ("threshold", "peak", "trough", "fast_trough", "slow_trough")
_PROTOCOLS = ("long_square", "short_square", "ramp")

_MEANINGS = {
    "adaptation": "adaptation of the hero sweep, -1 to 1",
    "avg_isi": "mean interval of the hero sweep, ms",
    "electrode_0_pa": "electrode offset at the start of the experiment, pA",
    "f_i_curve_slope": "slope of rate on amplitude over spiking long squares, spikes/s per pA",
    **{f"{p}_t_{s}": f"{p} of the first spike, s" for p in _POINTS for s in _PROTOCOLS},
    **{f"{p}_v_{s}": f"{p} of the first spike, mV" for p in _POINTS for s in _PROTOCOLS},
    "has_burst": "never set in the published table",
    "has_delay": "never set in the published table",
    "has_pause": "never set in the published table",
    "id": "database key of this row",
    "input_resistance_mohm": "input resistance of the break-in test pulse, MOhm",
    "latency": "first threshold of the hero sweep after the step's start, s",
    "rheobase_sweep_id": "database key of the rheobase sweep",
    "rheobase_sweep_number": "number of the rheobase sweep",
    "ri": "input resistance from hyperpolarising long squares, MOhm",
    "sag": "sag of the long square that comes nearest to -100 mV, fraction",
    "seal_gohm": "seal, GOhm",
    "specimen_id": "the cell",
    "tau": "membrane time constant, ms",
    **{f"threshold_i_{s}": "current at threshold, pA" for s in _PROTOCOLS},
    "thumbnail_sweep_id": "database key of the hero sweep",
    **{f"upstroke_downstroke_ratio_{s}": "of the first spike" for s in _PROTOCOLS},
    "vm_for_sag": "voltage at which the sag was measured, mV",
    "vrest": "mean voltage before the long squares, mV",
}

#: The published columns with unit and meaning, in the order of the published table: the alphabet's.
CELL_COLUMNS = dict(sorted(_MEANINGS.items()))

#: Currents at or below which a step is left out of resistance and time constant, in pA.
SUBTHRESHOLD_MIN_PA = -100.0
HERO_PA = (39.0, 61.0)
#: Amplitudes that differ by less are one: a measured current is never twice the same.
SAME_PA = 1.0


def cell(sweeps: SweepSet) -> pd.Series:
    """Measure a cell from the protocols there are.

    Parameters
    ----------
    sweeps : SweepSet
        The recording; sweeps named ``Long Square``, ``Short Square`` and ``Ramp`` are used.

    Returns
    -------
    Series
        The columns of `CELL_COLUMNS` under their published names; what needs a protocol that was not
        recorded, or the rig's own quality control, is NaN. ``attrs["errors"]`` lists the sweeps that
        could not be measured, ``attrs["hero_sweep_number"]`` the hero sweep.

    Raises
    ------
    FeatureError
        Where no sweep of these protocols could be measured.

    Notes
    -----
    As published: sag and baselines over 100 ms; rheobase is the lowest amplitude with a spike; the
    hero sweep lies 39 to 61 pA above it; `ri` is the slope of the peak deflections on the current for
    steps between -100 pA and 0, `tau` their mean. Spikes of short squares that were cut off by the end
    of the recording do not count.

    ``slow_trough_*`` of a spike that no other follows is NaN: what follows it is no interval between
    spikes. The published table often has a value there: the trough in 85 % of the long squares that
    have one, 92 % of the ramps and nearly all short squares.

    References
    ----------
    Allen Cell Types Database, "Electrophysiology", technical white paper; Gouwens et al. 2019,
    Nature Neuroscience 22:1182.
    """
    measured = measure_all(sweeps.where(stimulus=("Long Square", "Ramp")))
    good = measured[measured["error"] == ""]
    squares, failed = prepared(sweeps.where(stimulus="Short Square"))
    failed += measured.loc[measured["error"] != "", ["number", "error"]].to_dict("records")
    failed.sort(key=itemgetter("number"))
    if not len(good) and not squares:
        why = f"; first: {failed[0]['error']}" if failed else ""
        raise FeatureError(
            f"{sweeps.source or 'recording'}: no long square, short square or ramp could be measured; "
            f"there are {sorted(set(sweeps.table['stimulus']))}{why}"
        )
    row: dict[str, Any] = dict.fromkeys(CELL_COLUMNS, math.nan)
    row.update(dict.fromkeys(("has_burst", "has_delay", "has_pause"), False))
    row["specimen_id"] = sweeps.metadata.get("specimen_id", math.nan)
    for name in ("electrode_0_pa", "seal_gohm", "input_resistance_mohm"):
        row[name] = sweeps.metadata.get(name, math.nan)
    hero = _long_squares(row, good[good["stimulus"] == "Long Square"])
    _ramps(row, good[good["stimulus"] == "Ramp"])
    row.update(short_squares(squares))
    out = pd.Series(row, index=list(CELL_COLUMNS), dtype=object)
    out.attrs["errors"] = failed
    out.attrs["hero_sweep_number"] = hero
    return out


def _first_spike(row: dict[str, Any], source: Any, protocol: str) -> None:
    for name in (*(f"{p}_{w}" for p in _POINTS for w in "tv"), "upstroke_downstroke_ratio"):
        row[f"{name}_{protocol}"] = float(source[name])


def _long_squares(row: dict[str, Any], steps: pd.DataFrame) -> int | None:
    """Fill in what long squares tell; return the number of the hero sweep."""
    if not len(steps):
        return None
    row["vrest"] = float(steps["v_baseline"].mean())
    _subthreshold(row, steps[(steps["avg_rate"] == 0) & (steps["amplitude_pa"] < 0)])
    spiking = steps[(steps["avg_rate"] > 0) & (steps["amplitude_pa"] > 0)]
    spiking = spiking.sort_values("amplitude_pa", kind="stable")
    if not len(spiking):
        return None
    rheobase = spiking.iloc[0]
    row["rheobase_sweep_number"] = int(rheobase["number"])
    row["threshold_i_long_square"] = float(rheobase["amplitude_pa"])
    _first_spike(row, rheobase, "long_square")
    if np.ptp(spiking["amplitude_pa"]) >= SAME_PA:
        slope = np.polynomial.polynomial.polyfit(spiking["amplitude_pa"], spiking["avg_rate"], 1)
        row["f_i_curve_slope"] = float(slope[1])
    above = spiking["amplitude_pa"] - rheobase["amplitude_pa"]
    heroes = spiking[(above > HERO_PA[0]) & (above < HERO_PA[1])]
    if not len(heroes):
        return None
    hero = heroes.iloc[0]
    row["adaptation"], row["latency"] = float(hero["adapt"]), float(hero["latency"])
    row["avg_isi"] = float(hero["mean_isi"]) * 1e3
    return int(hero["number"])


def _subthreshold(row: dict[str, Any], steps: pd.DataFrame) -> None:
    if not len(steps):
        return
    with_sag = steps[steps["sag"].notna()]
    if len(with_sag):
        nearest = with_sag.loc[(with_sag["peak_deflect"] + 100).abs().idxmin()]
        row["sag"] = float(nearest["sag"])
        row["vm_for_sag"] = float(nearest["peak_deflect"])
    small = steps[steps["amplitude_pa"] > SUBTHRESHOLD_MIN_PA]
    if not len(small):
        return
    row["tau"] = float(small["tau"].mean()) * 1e3
    v, i = small["peak_deflect"].to_numpy(float), small["amplitude_pa"].to_numpy(float)
    if np.ptp(i) < SAME_PA:
        # One amplitude: the baseline at no current is the second point.
        v, i = np.append(v, small["v_baseline"].mean()), np.append(i, 0.0)
    row["ri"] = input_resistance(v, i)


def _ramps(row: dict[str, Any], ramps: pd.DataFrame) -> None:
    spiking = ramps[ramps["n_spikes"] > 0] if len(ramps) else ramps
    if not len(spiking):
        return
    mean = spiking.mean(numeric_only=True)
    _first_spike(row, mean, "ramp")
    row["threshold_i_ramp"] = float(mean["threshold_i"])
