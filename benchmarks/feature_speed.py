"""CPU time of features per sweep: allentk beside IPFX and eFEL, on the same 100 SYNTHETIC sweeps.

Sweeps of 2 s with 0 to 70 spikes at 50 and at 200 kHz (`_spiking_sweeps`), given as arrays of float64. What
is measured is named in the table; imports, compilation and the making of the sweeps are left out, the
making of each program's own objects from the arrays is in.

    python -m benchmarks.feature_speed --peer /path/to/python-with-ipfx-and-efel
"""

from __future__ import annotations

import argparse
import platform
import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks._paired import Asked, median_ratio, pairs, processor, versions
from benchmarks._spiking_sweeps import START_S, STOP_S, load

RESULTS = Path(__file__).parent / "results" / "feature_speed.md"
RATES = (50_000, 200_000)
NAMES = (
    "spike_count peak_time peak_voltage AP_begin_voltage AP_begin_time AP_amplitude AP_duration_half_width "
    "spike_half_width min_AHP_values AHP_depth fast_AHP AP_rise_rate AP_fall_rate AP_peak_upstroke "
    "AP_peak_downstroke all_ISI_values ISI_CV adaptation_index2 mean_frequency time_to_first_spike "
    "voltage_base steady_state_voltage_stimend sag_ratio1 minimum_voltage time_constant "
    "decay_time_constant_after_stim"
)

_DATA = """
import sys
import numpy as np
begin, end = float(sys.argv[1]), float(sys.argv[2])
names = sys.argv[3].split()
data = {}
for path in sys.argv[4:]:
    with np.load(path) as held:
        data[int(held["rate"])] = held["v"].astype(float), held["i"].astype(float)
"""
OURS = (
    _DATA
    + """
from allentk import features
from allentk.data import Sweep
def made(rate, k):
    v, i = data[rate]
    return Sweep(v[k], i[k], float(rate), start_s=begin, stop_s=end)
def table(rate):
    for k in range(len(data[rate][0])):
        sweep = made(rate, k)
        features.train(features.spikes(sweep), begin, end)
        features.deflection(sweep, begin, end)
        features.amplitude_pa(sweep)
        features.baseline(sweep, begin)
        features.sag(sweep, begin, end)
def row(rate):
    for k in range(len(data[rate][0])):
        features.sweep(made(rate, k))
def efel(rate):
    for k in range(len(data[rate][0])):
        features.efel(made(rate, k), names)
asked = {
    f"{f.__name__} {rate}": (lambda f=f, rate=rate: f(rate))
    for f in (table, row, efel)
    for rate in data
}
"""
)
IPFX = (
    _DATA
    + """
from ipfx.feature_extractor import SpikeFeatureExtractor, SpikeTrainFeatureExtractor
more = ["peak_deflect", "stim_amp", "v_baseline", "sag"]
def table(rate):
    voltage, current = data[rate]
    t = np.arange(voltage.shape[1]) / rate
    for v, i in zip(voltage, current):
        spikes = SpikeFeatureExtractor().process(t, v, i)
        SpikeTrainFeatureExtractor(begin, end).process(t, v, i, spikes, extra_features=more)
asked = {f"table {rate}": (lambda rate=rate: table(rate)) for rate in data}
"""
)
EFEL = (
    _DATA
    + """
import efel
def measured(rate, step):
    efel.reset()
    efel.set_setting("interp_step", step)
    voltage, _ = data[rate]
    t = np.arange(voltage.shape[1]) / rate * 1e3
    for v in voltage:
        trace = {"T": t, "V": v, "stim_start": [begin * 1e3], "stim_end": [end * 1e3]}
        efel.get_feature_values([trace], names, raise_warnings=False)
asked = {}
for rate in data:
    asked[f"0.1 ms {rate}"] = lambda rate=rate: measured(rate, 0.1)
    asked[f"native {rate}"] = lambda rate=rate: measured(rate, 1e3 / rate)
"""
)
_SET = "spikes, train, deflection, amplitude, baseline, sag"
#: What is measured, our question, the peer, its source, its question.
COMPARED = (
    (f"{_SET}: a table of spikes", "table", "IPFX", IPFX, "table"),
    (f"{_SET}: one row of the sweep", "row", "IPFX", IPFX, "table"),
    ("26 features of eFEL, native sampling", "efel", "eFEL, interp_step 0.1 ms", EFEL, "0.1 ms"),
    ("26 features of eFEL, native sampling", "efel", "eFEL, interp_step native", EFEL, "native"),
)


def measured(peer: str, files: list[Path], runs: int) -> list[str]:
    """Return the lines of the table."""
    arguments = [str(START_S), str(STOP_S), NAMES, *map(str, files)]
    lines = []
    for what, ours, name, source, theirs in COMPARED:
        with Asked(sys.executable, OURS, arguments) as us, Asked(peer, source, arguments) as them:
            for rate in RATES:
                times = pairs((us, f"{ours} {rate}"), (them, f"{theirs} {rate}"), runs)
                mine, other = (10 * statistics.median(each) for each in times)
                ratio = 1 / median_ratio(*times)
                lines.append(
                    f"| {what} | {rate // 1000} kHz | {name} | {mine:.2f} | {other:.1f} | {ratio:.1f} |"
                )
    return lines


def page(lines: list[str], options: argparse.Namespace) -> str:
    """Return the page as Markdown."""
    return "\n".join(
        [
            "# Features of a sweep: CPU time",
            "",
            "100 SYNTHETIC sweeps of 2 s with 0 to 70 spikes each (13 on average). Medians of CPU "
            f"milliseconds per sweep over {options.runs} pairs of runs; the last column is the median of "
            "the pairs' ratios, above 1 where allentk is faster. allentk reads the arrays into a sweep, "
            "which copies and checks them, in every run. Made by `python -m benchmarks.feature_speed`.",
            "",
            f"- machine: {processor()}, {platform.system()} {platform.machine()}",
            f"- allentk: {versions(sys.executable, ('allentk', 'numpy', 'numba', 'pandas', 'scipy'))}",
            f"- peers, in their own environment: "
            f"{versions(options.peer, ('ipfx', 'efel', 'numpy', 'pandas', 'scipy'))}",
            "",
            "| what | sampling | beside | allentk, ms | other, ms | times faster |",
            "|---|---|---|---|---|---|",
            *lines,
            "",
        ]
    )


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", required=True, help="python that has ipfx and efel")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument(
        "--sweeps", type=Path, help="folder that keeps the sweeps for the next time"
    )
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files = [load(options.sweeps or Path(folder), rate) for rate in RATES]
        text = page(measured(options.peer, files, options.runs), options)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(text, encoding="utf-8")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
