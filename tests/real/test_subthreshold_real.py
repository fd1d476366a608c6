"""Baseline, deflection and sag of real recordings against a reference program (IPFX 2.1.2)."""

import json

import numpy as np
import pytest

from allentk import features
from allentk.data import Sweep
from allentk.features.subthreshold import resting_baseline

#: Files of the reference's answers, and how many of their sweeps have a subthreshold part.
ANSWERED = {
    "allen_cells_mackelab__cell_509881736_sweep_39": 1,
    "allen_cells_mackelab__cell_518290966_sweep_57": 1,
    "allen_cells_mackelab__cell_532355382_sweep_33": 1,
    "allen_cells_mackelab__cell_534524026_sweep_29": 1,
    "allen_cells_mackelab__cell_566517779_sweep_46": 1,
    "allen_cells_mackelab__cell_567399060_sweep_38": 1,
    "bluepyefe__B6_IDRest": 5,
    "pyabf__171116sh_0018": 17,
    "pyabf__171116sh_0019": 22,
    "pyabf__17o05028_ic_steps": 16,
    "pyabf__190619B_0003": 10,
}


def answered(shared, name):
    """The sweeps of a file, the window of each and what the reference says of it."""
    folder = "allen" if name.startswith("allen_cells") else "other"
    with np.load(shared / "recordings" / folder / f"{name.split('__')[1]}.npz") as data:
        voltage, current = np.atleast_2d(data["v_mV"]), np.atleast_2d(data["i_pA"])
        rate, t0 = 1 / float(data["dt_s"]), float(data["t0_s"])
    golden = json.loads((shared / "recordings" / "golden" / f"{name}.json").read_text())["sweeps"]
    for said in golden:
        if "v_baseline" in said.get("train", {}):
            number = said["sweep"]
            start, end = (edge - t0 for edge in said["window"])
            yield Sweep(voltage[number], current[number], rate), start, end, said["train"]


@pytest.mark.parametrize("name", ANSWERED)
def test_every_answer_is_ours(shared, name):
    """Spiking and depolarising sweeps too, where the sag means nothing but is a number."""
    compared = 0
    for sweep, start, end, said in answered(shared, name):
        assert features.baseline(sweep, start) == pytest.approx(said["v_baseline"], abs=1e-9)
        assert features.deflection(sweep, start, end) == pytest.approx(
            said["peak_deflect"], abs=1e-9
        )
        assert features.sag(sweep, start, end, window_s=0.03) == pytest.approx(
            said["sag"], abs=1e-9
        )
        compared += 1
    assert compared == ANSWERED[name]


#: Time constants in s, without an end to the fit and with one 50 ms after the start, and the baseline
#: in mV without a known start, as the reference gives them for the sweeps without a spike; None: NaN.
TOLD = {
    "pyabf__171116sh_0018": [
        (0.037147031719999314, 0.04246597981326872, -73.17121887207031),
        (None, 0.036080511656659, -70.61238098144531),
        (None, 0.043542482490724774, -66.873779296875),
        (None, None, -64.73345947265625),
        (0.036117632510724654, None, -61.898834228515625),
        (0.0349829138278874, 0.04350506208002794, -62.06829833984375),
    ],
    "pyabf__171116sh_0019": [
        (0.03570907101984874, 0.044533783296736705, -59.38810729980469),
        (0.03770148525648372, None, -62.07757568359375),
    ],
    "pyabf__190619B_0003": [
        (0.05066876756955255, 0.03966712378838562, -98.31346893310547),
        (0.0654312130434874, 0.04412727023685944, -66.29399871826172),
        (None, None, None),
        (None, None, -66.70140838623047),
    ],
}


def number(value):
    return np.nan if value is None else value


@pytest.mark.parametrize("name", TOLD)
def test_time_constants_and_resting_baselines(shared, name):
    """The reference's optimiser stops within 1e-5 of its optimum; ours goes on."""
    sweeps = answered(shared, name)
    for (sweep, start, end, _), (tau, capped, rest) in zip(sweeps, TOLD[name], strict=False):
        ours = features.time_constant(sweep, start, end)
        assert ours == pytest.approx(number(tau), rel=1e-5, nan_ok=True)
        ours = features.time_constant(sweep, start, end, peak_s=start + 0.05)
        assert ours == pytest.approx(number(capped), rel=1e-5, nan_ok=True)
        ours = resting_baseline(sweep)
        assert ours == pytest.approx(number(rest), abs=1e-9, nan_ok=True)
