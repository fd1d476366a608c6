"""A cell in one row: the columns the Cell Types Database publishes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from allentk.data import SweepSet
from allentk.errors import FeatureError
from allentk.features.definition import Definition
from allentk.features.long_square import LongSquares, summarised
from allentk.features.measure import table as measure_all
from allentk.features.patterns import patterns
from allentk.features.short_square import prepared, short_squares

if TYPE_CHECKING:
    import pandas as pd

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
    "has_burst": "whether the hero sweep has a burst; never set in the published table",
    "has_delay": "whether its first spike is delayed; never set in the published table",
    "has_pause": "whether it has a pause; never set in the published table",
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


def cell(sweeps: SweepSet, *, definition: Definition = "allen") -> pd.Series:
    """Measure a cell from the protocols there are.

    Parameters
    ----------
    sweeps : SweepSet
        The recording; sweeps named ``Long Square``, ``Short Square`` and ``Ramp`` are used.
    definition : {"allen", "allentk"}
        As published, or with the published quirks mended; `QUIRKS` lists them.

    Returns
    -------
    Series
        The columns of `CELL_COLUMNS` under their published names; what needs a protocol that was not
        recorded, or the rig's own quality control, is NaN. ``attrs["errors"]`` lists the sweeps that
        could not be measured, ``attrs["hero_sweep_number"]`` the hero sweep, ``attrs["filter_hz"]`` the
        low-passes used (more than one where sampling rates differ).

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
    import pandas as pd

    measured = measure_all(sweeps.where(stimulus=("Long Square", "Ramp")), definition=definition)
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
    steps = summarised(good[good["stimulus"] == "Long Square"], definition=definition)
    row.update(_of_long_squares(steps))
    if definition == "allentk" and steps.hero_sweep is not None:
        row.update(_shown(patterns(sweeps.sweep(steps.hero_sweep), definition=definition)))
    row.update(_of_ramps(good[good["stimulus"] == "Ramp"]))
    row.update(short_squares(squares, definition=definition))
    out = pd.Series(row, index=list(CELL_COLUMNS), dtype=object)
    out.attrs["errors"] = failed
    out.attrs["hero_sweep_number"] = steps.hero_sweep
    out.attrs["definition"] = definition
    used = {*good["filter_hz"].tolist(), *(trace.cutoff_hz for trace in squares)}
    out.attrs["filter_hz"] = sorted(used)
    return out


def _first_spike(source: Any, protocol: str) -> dict[str, float]:
    names = (*(f"{p}_{w}" for p in _POINTS for w in "tv"), "upstroke_downstroke_ratio")
    return {f"{name}_{protocol}": float(source[name]) for name in names}


def _of_long_squares(steps: LongSquares) -> dict[str, Any]:
    row: dict[str, Any] = {
        "vrest": steps.v_baseline_mv,
        "sag": steps.sag,
        "vm_for_sag": steps.vm_for_sag_mv,
        "ri": steps.input_resistance_mohm,
        "tau": steps.tau_s * 1e3,
        "f_i_curve_slope": steps.f_i_slope,
        "threshold_i_long_square": steps.rheobase_pa,
        "adaptation": steps.adaptation,
        "latency": steps.latency_s,
        "avg_isi": steps.mean_isi_s * 1e3,
    }
    if steps.rheobase_sweep is not None:
        rheobase = steps.sweeps[steps.sweeps["number"] == steps.rheobase_sweep].iloc[0]
        row["rheobase_sweep_number"] = steps.rheobase_sweep
        row.update(_first_spike(rheobase, "long_square"))
    return row


def _shown(found: Mapping[str, float]) -> dict[str, bool]:
    """Return whether a train shows each pattern; it is delayed where it waits for a time constant."""
    return {
        "has_burst": found["n_bursts"] > 0,
        "has_delay": found["delay_ratio"] > 1,
        "has_pause": found["n_pauses"] > 0,
    }


def _of_ramps(ramps: pd.DataFrame) -> dict[str, float]:
    spiking = ramps[ramps["n_spikes"] > 0] if len(ramps) else ramps
    if not len(spiking):
        return {}
    mean = spiking.mean(numeric_only=True)
    return {**_first_spike(mean, "ramp"), "threshold_i_ramp": float(mean["threshold_i"])}
