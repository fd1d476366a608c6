"""Long squares: what a cell does under steps of current, from rest to the hero sweep."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from allentk.data import SweepSet
from allentk.features.definition import Definition, checked
from allentk.features.measure import table
from allentk.features.subthreshold import input_resistance

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["HERO_PA", "SAME_PA", "LongSquares", "long_squares", "summarised"]

#: Currents at or below which a step is left out of resistance and time constant, in pA, by the step
#: between coarse sweeps; the first where there are no coarse sweeps.
SUBTHRESHOLD_MIN_PA = {20.0: -100.0, 40.0: -200.0}
#: How far above rheobase the hero sweep is, in pA.
HERO_PA = (39.0, 61.0)
#: Amplitudes that differ by less are one: a measured current is never twice the same.
SAME_PA = 1.0
#: The sag is measured on the step whose peak comes nearest to this, in mV.
SAG_MV = -100.0
_COARSE = "C1LSCOARSE"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LongSquares:
    """What the long squares of a cell tell; NaN or None where they do not.

    Parameters
    ----------
    sweeps : DataFrame
        One row per measured sweep, the columns of ``features.table``.
    v_baseline_mv : float
        Mean voltage before the steps.
    sag, vm_for_sag_mv : float
        Sag of the step that comes nearest to -100 mV, a fraction, and the voltage it comes to.
    input_resistance_mohm, tau_s : float
        From hyperpolarising steps.
    rheobase_pa, rheobase_sweep : float, int or None
        The lowest amplitude with a spike in pA, and its sweep.
    hero_sweep : int or None
        The sweep 39 to 61 pA above it.
    f_i_slope : float
        Slope of the rate on the amplitude over spiking sweeps, spikes/s per pA.
    adaptation, latency_s, mean_isi_s : float
        Of the hero sweep; the adaptation without unit, -1 to 1, the times in seconds.
    """

    sweeps: pd.DataFrame
    v_baseline_mv: float = math.nan
    sag: float = math.nan
    vm_for_sag_mv: float = math.nan
    input_resistance_mohm: float = math.nan
    tau_s: float = math.nan
    rheobase_pa: float = math.nan
    rheobase_sweep: int | None = None
    hero_sweep: int | None = None
    f_i_slope: float = math.nan
    adaptation: float = math.nan
    latency_s: float = math.nan
    mean_isi_s: float = math.nan

    @property
    def f_i(self) -> pd.DataFrame:
        """The f-I curve: ``amplitude_pa`` and ``avg_rate`` (Hz), by amplitude."""
        rows = self.sweeps[["amplitude_pa", "avg_rate"]]
        return rows.sort_values("amplitude_pa", kind="stable", ignore_index=True)


def long_squares(sweeps: SweepSet, *, definition: Definition = "allen") -> LongSquares:
    """Measure the long squares of a cell.

    Parameters
    ----------
    sweeps : SweepSet
        The recording; sweeps named ``Long Square`` are used, and those that cannot be measured left
        out.
    definition : {"allen", "allentk"}
        As published, or with a resistance from steady states and the nearest sweep for a hero.

    Examples
    --------
    >>> from allentk.data import Sweep
    >>> rest = Sweep([-70.0] * 5000, [0.0] * 5000, 5e3, stimulus="Long Square", start_s=0.2, stop_s=0.8)
    >>> long_squares(SweepSet([rest])).v_baseline_mv
    -70.0
    """
    measured = table(sweeps.where(stimulus="Long Square"), definition=definition)
    return summarised(measured[measured["error"] == ""], definition=definition)


def summarised(steps: pd.DataFrame, *, definition: Definition = "allen") -> LongSquares:
    """Return what rows of ``features.table`` tell, all of them long squares."""
    checked(definition)
    if not len(steps):
        return LongSquares(sweeps=steps)
    known: dict[str, Any] = {"v_baseline_mv": float(steps["v_baseline"].mean())}
    below = steps[(steps["avg_rate"] == 0) & (steps["amplitude_pa"] < 0)]
    known.update(_sag(below), **_passive(below, _lowest_pa(steps), definition))
    above = steps[(steps["avg_rate"] > 0) & (steps["amplitude_pa"] > 0)]
    known.update(_spiking(above.sort_values("amplitude_pa", kind="stable"), definition))
    return LongSquares(sweeps=steps, **known)


def _sag(steps: pd.DataFrame) -> dict[str, float]:
    with_sag = steps[steps["sag"].notna()]
    if not len(with_sag):
        return {}
    nearest = with_sag.loc[(with_sag["peak_deflect"] - SAG_MV).abs().idxmin()]
    return {"sag": float(nearest["sag"]), "vm_for_sag_mv": float(nearest["peak_deflect"])}


def _lowest_pa(steps: pd.DataFrame) -> float:
    """Return the current at or below which a step counts for no resistance, in pA."""
    default, *_ = SUBTHRESHOLD_MIN_PA.values()
    if "code" not in steps:
        return default
    coarse = steps.loc[steps["code"].str.startswith(_COARSE), "amplitude_pa"]
    between = np.diff(np.unique(coarse.round()))
    step = float(np.median(between)) if between.size else math.nan
    return SUBTHRESHOLD_MIN_PA.get(round(step, -1) if between.size else math.nan, default)


def _passive(steps: pd.DataFrame, lowest_pa: float, definition: Definition) -> dict[str, float]:
    small = steps[steps["amplitude_pa"] > lowest_pa]
    if not len(small):
        return {}
    names = ("peak_deflect", "amplitude_pa") if definition == "allen" else ("v_steady", "i_steady")
    v, i = (small[name].to_numpy(float) for name in names)
    if np.ptp(i) < SAME_PA:
        # One amplitude: the baseline at no current is the second point.
        v, i = np.append(v, small["v_baseline"].mean()), np.append(i, 0.0)
    return {"tau_s": float(small["tau"].mean()), "input_resistance_mohm": input_resistance(v, i)}


def _spiking(steps: pd.DataFrame, definition: Definition) -> dict[str, Any]:
    if not len(steps):
        return {}
    rheobase = float(steps["amplitude_pa"].iloc[0])
    known: dict[str, Any] = {
        "rheobase_pa": rheobase,
        "rheobase_sweep": int(steps["number"].iloc[0]),
    }
    if np.ptp(steps["amplitude_pa"]) >= SAME_PA:
        line = np.polynomial.polynomial.polyfit(steps["amplitude_pa"], steps["avg_rate"], 1)
        known["f_i_slope"] = float(line[1])
    hero = _hero(steps, rheobase, definition)
    if hero is not None:
        known["hero_sweep"] = int(hero["number"])
        known["adaptation"], known["latency_s"] = float(hero["adapt"]), float(hero["latency"])
        known["mean_isi_s"] = float(hero["mean_isi"])
    return known


def _hero(steps: pd.DataFrame, rheobase: float, definition: Definition) -> Any:
    """Return the row of the hero sweep; None where there is none."""
    above = steps["amplitude_pa"] - rheobase
    low, high = HERO_PA
    fits = steps[(above > low) & (above < high)]
    if len(fits):
        return fits.iloc[0]
    stronger = steps[above >= SAME_PA]
    if definition == "allen" or not len(stronger):
        return None
    return stronger.loc[(stronger["amplitude_pa"] - rheobase - (low + high) / 2).abs().idxmin()]
