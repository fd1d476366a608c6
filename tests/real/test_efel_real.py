"""eFEL's features of real recordings against the answers of eFEL 5.7.34 at the recordings' own steps."""

import json
from collections import Counter

import numpy as np

from allentk.data import Sweep
from allentk.features._efel import efel

RELATIVE, ABSOLUTE = 1e-6, 1e-9
#: 180 samples of this noise lie exactly at the threshold, where eFEL sees no crossing.
AT_THRESHOLD = ("98205017.npz", 8)
ROUNDED = (
    "eFEL draws the trace anew even at its own step: times and voltages are off by rounding, so that a "
    "window moves by a sample, and one of two equal samples wins by chance"
)
MINIMUM = "a flat top is no minimum here; " + ROUNDED
FALL = "the end of the stimulus is no spike's fall here; " + ROUNDED
PAIRS = "where a spike has no begin, eFEL takes that of the next, or gives None"
#: Names that differ: on how many of the other 156 sweeps, and why.
DIFFERS = {
    "peak_time": (29, ROUNDED),
    "all_ISI_values": (28, ROUNDED),
    "time_to_first_spike": (4, ROUNDED),
    "ISI_CV": (22, ROUNDED),
    "adaptation_index2": (24, ROUNDED),
    "mean_frequency": (6, ROUNDED),
    "voltage_base": (11, ROUNDED),
    "minimum_voltage": (5, ROUNDED),
    "steady_state_voltage_stimend": (91, ROUNDED),
    "sag_ratio1": (15, ROUNDED),
    "decay_time_constant_after_stim": (119, ROUNDED + "; NaN of eFEL is None"),
    "time_constant": (106, "the search for the offset ends later here"),
    "min_AHP_values": (77, MINIMUM),
    "AHP_depth": (81, MINIMUM),
    "spike_half_width": (81, MINIMUM),
    "AP_peak_downstroke": (8, MINIMUM),
    "fast_AHP": (71, MINIMUM + "; " + PAIRS),
    "AP_fall_rate": (58, FALL),
    "AP_rise_rate": (31, PAIRS + "; " + ROUNDED),
    "AP_duration_half_width": (34, PAIRS),
    "AP_amplitude": (2, PAIRS),
}
#: How far values are apart where one sample more or less is the whole difference.
WITHIN = {
    "peak_time": 0.31,
    "all_ISI_values": 0.31,
    "time_to_first_spike": 0.11,
    "ISI_CV": 3e-4,
    "adaptation_index2": 4e-3,
    "voltage_base": 3e-3,
    "steady_state_voltage_stimend": 0.03,
    "sag_ratio1": 2e-3,
}


def golden_sweeps(shared):
    for path in sorted((shared / "recordings" / "golden").glob("*.json")):
        said = json.loads(path.read_text())
        folder, name = said["source"].split("/")
        kind = "allen" if folder.startswith("allen") else "other"
        with np.load(shared / "recordings" / kind / name) as data:
            voltage, current = np.atleast_2d(data["v_mV"]), np.atleast_2d(data["i_pA"])
            rate, offset = 1 / float(data["dt_s"]), float(data["t0_s"])
        for one in said["sweeps"]:
            k = one["sweep"]
            start, stop = (t - offset for t in one["window"])
            yield (
                Sweep(
                    voltage[k], current[k], rate, number=k, start_s=start, stop_s=stop, source=name
                ),
                one["efel"],
            )


def same(ours, theirs):
    mine, other = (np.array([] if x is None else x, dtype=float) for x in (ours, theirs))
    other = other[np.isfinite(other)]
    return mine.shape == other.shape and np.allclose(mine, other, rtol=RELATIVE, atol=ABSOLUTE)


def test_every_name_but_the_listed_ones_is_efels(shared):
    differs, names = Counter(), set()
    for sweep, golden in golden_sweeps(shared):
        if (sweep.source, sweep.number) == AT_THRESHOLD:
            continue
        measured = efel(sweep, golden)
        names.update(golden)
        differs.update(name for name in golden if not same(measured[name], golden[name]))
    assert len(names) == 26
    assert differs == {name: count for name, (count, _) in DIFFERS.items()}


def test_a_sample_more_or_less_changes_little(shared):
    for sweep, golden in golden_sweeps(shared):
        if (sweep.source, sweep.number) == AT_THRESHOLD:
            continue
        measured = efel(sweep, WITHIN)
        for name, limit in WITHIN.items():
            if golden[name] is None:
                assert measured[name] is None
            else:
                np.testing.assert_allclose(
                    measured[name], np.array(golden[name], float), rtol=0, atol=limit, err_msg=name
                )


def test_the_time_constant_of_thirty_steps_is_close_to_efels(shared):
    apart = []
    for sweep, golden in golden_sweeps(shared):
        if sweep.source == "18711001.npz":
            (ours,), (theirs,) = (
                efel(sweep, ["time_constant"])["time_constant"],
                golden["time_constant"],
            )
            apart.append(abs(ours / theirs - 1))
    assert len(apart) == 30
    assert np.median(apart) < 0.002
    assert max(apart) < 0.05
