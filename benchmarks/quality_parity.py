"""Quality of recordings: allentk beside IPFX, value by value and verdict by verdict.

Run ``python -m benchmarks.quality_parity PYTHON``, where PYTHON is an interpreter that has ipfx. All
recordings are SYNTHETIC; they go to that interpreter as an npz file, and its answers come back as JSON.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from allentk.data import Sweep, SweepSet
from allentk.features.quality import failed_sweeps, quality
from benchmarks._paired import versions

RESULT = Path(__file__).parent / "results" / "quality_parity.md"
RATE = 50_000.0
#: The other side's verdict, and the criteria of ours that it is about.
CELL = {
    "failed_blowout": ("blowout_mv",),
    "failed_electrode_0": ("electrode_0_pa",),
    "failed_seal": ("seal_gohm",),
    "failed_input_access_resistance": (
        "initial_access_resistance_mohm",
        "input_access_resistance_ratio",
    ),
}
SWEEP = ("pre_noise_rms_mv", "post_noise_rms_mv", "slow_noise_rms_mv", "vm_delta_mv")

#: The other side: its data set is the npz file, all else is its own.
_PEER = """
import json, logging, sys
import numpy as np, pandas as pd
from ipfx import qc_feature_evaluator as judge, qc_feature_extractor as extract
from ipfx.stimulus import StimulusOntology
from ipfx.sweep import Sweep
logging.disable(logging.CRITICAL)
np.seterr(all="ignore")

class Recording:
    CURRENT_CLAMP = "CurrentClamp"
    ontology = StimulusOntology.default()

    def __init__(self, data, name):
        self.data, self.name = data, name
        self.listed = json.loads(str(data[name]))

    def sweep(self, number):
        row = next(r for r in self.listed if r["number"] == number)
        v, i = (self.data[f"{self.name}_{number}_{k}"] for k in "vi")
        rate = row["rate"]
        return Sweep(np.arange(v.size) / rate, v, i, row["clamp"], rate, number)

    def get_sweep_numbers(self, names, clamp_mode=None):
        found = [r["number"] for r in self.listed if any(r["code"].startswith(n) for n in names)
                 and clamp_mode in (None, r["clamp"])]
        return found

    def get_recording_date(self):
        return ""

    def filtered_sweep_table(self, clamp_mode, stimuli_exclude):
        kept = [dict(sweep_number=r["number"], stimulus_name=r["stimulus"], stimulus_code=r["code"])
                for r in self.listed if r["clamp"] == clamp_mode and r["stimulus"] not in stimuli_exclude]
        return pd.DataFrame(kept)

class One(Recording):
    def __init__(self, whole, number):
        self.data, self.name = whole.data, whole.name
        self.listed = [r for r in whole.listed if r["number"] == number]

def ask(function, *arguments):
    try:
        return function(*arguments)
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}

data = np.load(sys.argv[1])
answers = {}
for name in json.loads(str(data["names"])):
    held = Recording(data, name)
    cell = ask(extract.cell_qc_features, held)
    sweeps = {}
    for row in held.filtered_sweep_table("CurrentClamp", ["Test", "Search"]).to_dict("records"):
        number = row["sweep_number"]
        found = ask(extract.sweep_qc_features, One(held, number))
        if isinstance(found, dict):
            sweeps[number] = found
            continue
        (one,) = found
        one = {k: v for k, v in one.items() if k.endswith("_mv") or k == "tags"}
        ramp = row["stimulus_name"] in held.ontology.ramp_names
        one["failed"] = True if one["tags"] else bool(judge.qc_current_clamp_sweep(
            dict(one, **row), ramp, judge.load_default_qc_criteria()))
        sweeps[number] = one
    if isinstance(cell, tuple):
        values, tags = cell
        state = judge.qc_cell(values)
        cell = {k: None if v is None else float(v) for k, v in values.items() if k != "recording_date"}
        cell["state"] = {k: bool(v) for k, v in state.items() if k != "fail_tags"}
    answers[name] = {"cell": cell, "sweeps": sweeps}
print(json.dumps(answers, default=float))
"""


def _at(time_s: float) -> int:
    return round(time_s * RATE)


def _current(kind: str, rng: np.random.Generator) -> np.ndarray:
    """Return an exact command with a test pulse: 3.5 s, the stimulus from 1.02 s."""
    i = np.zeros(_at(3.5))
    i[_at(0.02) : _at(0.03)] = -50.0
    lengths = {"Long Square": 1.0, "Short Square": 0.003, "Ramp": 2.0, "Noise 1": 1.5}
    part = slice(_at(1.02), _at(1.02 + lengths[kind]))
    size = part.stop - part.start
    if kind == "Ramp":
        i[part] = np.linspace(0.1, 400.0, size)
    elif kind == "Noise 1":
        i[part] = 100.0 + rng.normal(0, 20.0, size)
    else:
        i[part] = float(rng.choice([-70.0, 50.0, 150.0]))
    return i


CODES = {
    "Long Square": "C1LSCOARSE150216",
    "Short Square": "C1SSFINEST150112",
    "Ramp": "C1RP25PR1S141203",
    "Noise 1": "C1NSSEED_1150216",
}


def _sweep(
    number: int, kind: str, seed: int, *, noise: float, wander: float, drift: float
) -> Sweep:
    rng = np.random.default_rng(seed)
    i = _current(kind, rng)
    clock = np.arange(i.size) / RATE
    slow = wander * np.sin(2 * np.pi * rng.uniform(1, 5) * clock + rng.uniform(0, 6))
    v = -70 + 0.15 * i + rng.normal(0, noise, i.size) + slow + drift * clock
    return Sweep(v, i, RATE, number=number, stimulus=kind, code=CODES[kind], source="SYNTHETIC")


def _clamped(
    number: int, code: str, *, input_mohm: float, access_mohm: float, **more: Any
) -> Sweep:
    """Return test pulses of 10 mV on a cell behind an access resistance, the current measured."""
    rng = np.random.default_rng(number)
    clock = np.arange(_at(0.5)) / RATE
    v, i = np.zeros(clock.size), rng.normal(more.get("offset", 0.0), 1.0, clock.size)
    pulse = more.get("pulse_mv", 10.0)
    for onset in more.get("onsets", (0.02, 0.1, 0.2, 0.3, 0.4)):
        since = clock - onset
        on = (since > -1e-9) & (since < 0.05 - 1e-9)
        v[on] += pulse
        small = pulse / input_mohm * 1e3
        i[on] += small + (pulse / access_mohm * 1e3 - small) * np.exp(-since[on] / 0.0007)
    return Sweep(v, i, RATE, number=number, code=code, stimulus="Test", clamp="voltage")


def _tests(
    *, seal: float = 2500.0, access: float = 12.0, whole: float = 160.0, **more: Any
) -> list[Sweep]:
    blowout = _sweep(903, "Short Square", 903, noise=0.05, wander=0.1, drift=0.0)
    blowout = Sweep(
        blowout.voltage_mv + 70 + more.pop("blowout", 2.0),
        blowout.current_pa,
        RATE,
        number=903,
        code="EXTPBLWOUT141203",
        stimulus="Test",
    )
    bath = {"offset": more.pop("offset", 40.0)}
    return [
        _clamped(900, "EXTPINBATH141203", input_mohm=6.0, access_mohm=5.0, **bath),
        _clamped(901, "EXTPCllATT141203", input_mohm=seal, access_mohm=50.0, **more),
        _clamped(902, "EXTPBREAKN141203", input_mohm=whole, access_mohm=access, **more),
        blowout,
    ]


def _graded() -> list[Sweep]:
    """Return sweeps from quiet to loud, steady to drifting, of all four kinds."""
    rng = np.random.default_rng(20)
    return [
        _sweep(
            number,
            list(CODES)[number % 4],
            number,
            noise=float(rng.uniform(0.03, 0.1)),
            wander=float(rng.uniform(0.0, 0.9)),
            drift=float(rng.uniform(-0.5, 0.5)),
        )
        for number in range(40)
    ]


def _changed(sweep: Sweep, **traces: np.ndarray) -> Sweep:
    kept = {"voltage_mv": sweep.voltage_mv, "current_pa": sweep.current_pa} | traces
    return Sweep(
        **kept, sampling_rate_hz=RATE, number=sweep.number, stimulus=sweep.stimulus, code=sweep.code
    )


def _damaged() -> list[Sweep]:
    """Return sweeps that are not whole: one of each kind of damage."""
    whole = [_sweep(n, "Long Square", n, noise=0.03, wander=0.0, drift=0.0) for n in range(9)]
    v, i = [s.voltage_mv.copy() for s in whole], [s.current_pa.copy() for s in whole]
    v[0][_at(2.3) :] = np.nan  # cut off after the step
    v[1][_at(1.5) :] = np.nan  # in the step
    v[2][_at(0.9) :] = np.nan  # before it
    i[3][_at(0.5)] = np.nan
    i[4][_at(0.9) :] = 0.0  # no stimulus
    i[5][: _at(0.9)] = 0.0  # no test pulse
    v[6][_at(0.6)] = np.nan  # a hole in the voltage
    i[7] += np.random.default_rng(7).normal(0, 0.5, i[7].size)  # a measured current
    v[8][:] = np.nan
    return [_changed(s, voltage_mv=a, current_pa=b) for s, a, b in zip(whole, v, i, strict=True)]


def recordings() -> dict[str, tuple[str, list[Sweep]]]:
    """Return what is compared: name, what it is, and its sweeps."""
    good = _sweep(1, "Long Square", 1, noise=0.03, wander=0.0, drift=0.0)
    return {
        "graded": ("40 sweeps from good to bad, good test sweeps", [*_graded(), *_tests()]),
        "leaky": (
            "leaky seal, high access, electrode and blow-out off",
            [good, *_tests(seal=600.0, access=30.0, whole=90.0, offset=350.0, blowout=-14.0)],
        ),
        "low": ("access below its limit", [good, *_tests(access=0.6)]),
        "none": ("no test sweep at all", [good]),
        "negative": ("test pulses that go down", [good, *_tests(pulse_mv=-10.0)]),
        "cut": ("last test pulse cut off", [good, *_tests(onsets=(0.02, 0.1, 0.2, 0.3, 0.47))]),
        "single": ("one test pulse only", [good, *_tests(onsets=(0.1,))]),
        "damaged": ("sweeps that are not whole", [*_damaged(), *_tests()]),
    }


def _stored(made: dict[str, tuple[str, list[Sweep]]], path: Path) -> None:
    held: dict[str, Any] = {"names": json.dumps(list(made))}
    for name, (_, sweeps) in made.items():
        held[name] = json.dumps(
            [
                {
                    "number": s.number,
                    "code": s.code,
                    "stimulus": s.stimulus,
                    "rate": s.sampling_rate_hz,
                    "clamp": "CurrentClamp" if s.clamp == "current" else "VoltageClamp",
                }
                for s in sweeps
            ]
        )
        for s in sweeps:
            held[f"{name}_{s.number}_v"], held[f"{name}_{s.number}_i"] = s.voltage_mv, s.current_pa
    np.savez(path, **held)


def asked(python: str, made: dict[str, tuple[str, list[Sweep]]]) -> dict[str, Any]:
    """Return the other side's answers by recording."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "recordings.npz"
        _stored(made, path)
        said = subprocess.run(
            [python, "-c", _PEER, str(path)], capture_output=True, text=True, check=False
        )
    if said.returncode:
        raise SystemExit(f"the other side failed:\n{said.stderr[-3000:]}")
    answers: dict[str, Any] = json.loads(said.stdout.splitlines()[-1])
    return answers


class Tally:
    """Differences by criterion, and what else is to be said."""

    def __init__(self) -> None:
        self.measured: dict[str, list[tuple[float, float]]] = {}
        self.verdicts: dict[str, list[bool]] = {}
        self.lines: list[str] = []

    def value(self, criterion: str, ours: float, theirs: float | None) -> None:
        """Count a value that both sides give."""
        if theirs is not None and np.isfinite([ours, theirs]).all():
            self.measured.setdefault(criterion, []).append((ours, theirs))

    def verdict(self, what: str, same: bool) -> None:
        """Count a verdict that both sides give."""
        self.verdicts.setdefault(what, []).append(same)


def compare_cell(name: str, table: pd.DataFrame, theirs: dict[str, Any], tally: Tally) -> None:
    """Compare what is said about the recording as a whole."""
    ours = table[table.number.isna()].set_index("criterion")
    if "error" in theirs:
        seal, ratio = ours.value["seal_gohm"], ours.value["input_access_resistance_ratio"]
        tally.lines.append(
            f"| {name} | seal {seal:.3g} GOhm, access ratio {ratio:.3g} | {theirs['error'] or 'none'} |"
        )
        return
    for state, criteria in CELL.items():
        for criterion in criteria:
            tally.value(criterion, ours.value[criterion], theirs[criterion])
        failed = not bool(ours.passed[list(criteria)].all())
        tally.verdict(state.removeprefix("failed_"), failed == theirs["state"][state])
        if failed != theirs["state"][state]:
            said = "; ".join(ours.reason[list(criteria)])
            tally.lines.append(f"| {name} | {said} | failed: {theirs['state'][state]} |")


def compare_sweeps(name: str, table: pd.DataFrame, theirs: dict[str, Any], tally: Tally) -> None:
    """Compare what is said about the sweeps."""
    failed = failed_sweeps(table)
    for number, answer in theirs.items():
        mine = table[(table.number == int(number)).fillna(False)].set_index("criterion")
        whole = "integrity" not in mine.index
        if "error" not in answer:
            tally.verdict("sweep", (int(number) in failed) == answer["failed"])
            for criterion in SWEEP if whole else ():
                tally.value(criterion, mine.value[criterion], answer.get(criterion))
        if not whole or answer.get("tags") or "error" in answer:
            said = answer.get("error") or "; ".join(answer["tags"]) or f"failed: {answer['failed']}"
            verdict = "passes" if int(number) not in failed else "fails"
            reasons = "; ".join(mine.reason) if not whole else verdict
            tally.lines.append(f"| {name}, sweep {number} | {reasons} | {said} |")


def page(made: dict[str, tuple[str, list[Sweep]]], tally: Tally, python: str) -> str:
    """Return the tables."""
    head = [
        "# Quality of recordings: allentk beside IPFX",
        "",
        "SYNTHETIC recordings at 50 kHz: "
        + "; ".join(f"{n}: {w}" for n, (w, _) in made.items())
        + ". Values and verdicts by the default limits (v1.1); both sides got the same samples. "
        "Made by `python -m benchmarks.quality_parity PYTHON`.",
        "",
        f"- allentk: Python {platform.python_version()}, numpy {np.__version__}",
        f"- IPFX, in its own environment: {versions(python, ['ipfx', 'numpy'])}",
        "",
        "| criterion | values | largest difference | of values from .. to |",
        "|---|---|---|---|",
    ]
    for criterion, pairs in tally.measured.items():
        ours, other = np.array(pairs).T
        gap = float(np.abs(ours - other).max())
        head.append(
            f"| {criterion} | {len(pairs)} | {gap:.2g} | {other.min():.3g} .. {other.max():.3g} |"
        )
    head += ["", "| verdict | same | of |", "|---|---|---|"]
    head += [f"| {what} | {sum(same)} | {len(same)} |" for what, same in tally.verdicts.items()]
    head += ["", "Sweeps that are not whole, and where one side has no answer or another one:", ""]
    head += ["| what | allentk | IPFX |", "|---|---|---|", *tally.lines]
    return "\n".join(head) + "\n"


def main() -> None:
    """Compare, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("python", help="an interpreter that has ipfx")
    options = parser.parse_args()
    made, tally = recordings(), Tally()
    answers = asked(options.python, made)
    for name, (_, sweeps) in made.items():
        table = quality(SweepSet(sweeps, source="SYNTHETIC"))
        compare_cell(name, table, answers[name]["cell"], tally)
        compare_sweeps(name, table, answers[name]["sweeps"], tally)
    text = page(made, tally, options.python)
    RESULT.write_text(text, encoding="utf-8")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
