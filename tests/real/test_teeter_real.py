"""The published pipeline on a real recording, and its assembly beside published files."""

import json
import math
from dataclasses import fields

import numpy as np
import pytest

from allentk.data import Sweep, SweepSet
from allentk.errors import FitError
from allentk.features import spikes
from allentk.fitting.objectives import score_trains
from allentk.fitting.passive import RATES_PER_S
from allentk.fitting.teeter import Preprocessed, assemble, fit_teeter
from allentk.fitting.teeter_preprocessing import Currents, Cut, Membrane
from allentk.fitting.teeter_threshold import Component
from allentk.io import read_glif
from allentk.models.glif import ASC_LEVELS
from allentk.simulation.glif import spike_steps


@pytest.fixture(scope="module")
def frozen_noise(shared):
    """Training part (0-12 s) and hold-out (12-20 s) of nine repeats of frozen noise, without squares."""
    with np.load(shared / "recordings" / "noise" / "gif_pozzorini_test9.npz") as data:
        voltage, current, rate = data["v_mV"], data["i_pA"], 1 / float(data["dt_s"])
    cut = round(12 * rate)

    def part(where):
        return SweepSet(
            Sweep(v[where], i[where], rate, number=n, source="frozen noise")
            for n, (v, i) in enumerate(zip(voltage, current, strict=True))
        )

    return part(slice(None, cut)), part(slice(cut, None))


def scored(model, sweeps):
    """Explained-variance ratio of a model on repeats."""
    first = sweeps[0]
    dt_s = 1 / first.sampling_rate_hz
    times_s = (spike_steps(model, np.array(first.current_pa), dt_s=dt_s) + 1) * dt_s
    trials_s = [spikes(sweep)["threshold_t"].to_numpy(float) for sweep in sweeps]
    return score_trains(times_s, trials_s, first.duration_s)["ratio"]


#: Training and hold-out ratio of an earlier, independent restatement of the pipeline on this cell.
RESTATED = {1: (0.712, 0.754), 2: (0.597, 0.525), 3: (0.550, 0.459), 4: (0.516, 0.452)}


def test_frozen_noise(frozen_noise, capsys):
    """Levels 1 and 2 are near the restatement; its levels 3 and 4 are lower for a cause not known."""
    train, held_out = frozen_noise
    rows = {}
    for level in range(1, 6):
        fit = fit_teeter(train, level=level)
        rows[level] = fit.score, scored(fit.model, held_out)
        beside = "{:.3f}, {:.3f}".format(*RESTATED[level]) if level in RESTATED else "none"
        with capsys.disabled():
            print(
                f"\n  published pipeline, GLIF{level}: {rows[level][0]:.3f} on 0-12 s, "
                f"{rows[level][1]:.3f} on 12-20 s (restated before: {beside})"
            )
        assert len(fit.notes) == (7 if level in (1, 3) else 8)
    for level in (1, 2):
        assert rows[level][0] == pytest.approx(RESTATED[level][0], abs=0.03)
    assert rows[1][1] > 0.6
    assert rows[2][1] == pytest.approx(RESTATED[2][1], abs=0.05)
    assert all(rows[level][0] > RESTATED[level][0] for level in (3, 4))


def test_this_recording_is_no_allen_cell(frozen_noise):
    with pytest.raises(FitError, match="no sweep is named 'Noise 1'"):
        fit_teeter(frozen_noise[0], level=1, strict=True)


def published(shared):
    """Every published model, and the preprocessing of its cell in our units."""
    for folder in sorted((shared / "recordings" / "allen").glob("glif_*")):
        values = json.loads(next(folder.glob("*preprocessor_values.json")).read_text())
        for path in sorted(folder.glob("*neuron_config.json")):
            yield values, read_glif(path)


def preprocessed(values):
    dt_s, cut = (
        values["dt_used_for_preprocessor_calculations"],
        values["spike_cut_length"]["no deltaV shift"],
    )
    asc, adapting = values["asc"], values["threshold_adaptation"]
    membrane = Membrane(
        values["El"]["El_noise"]["measured"]["mean"] * 1e3,
        values["resistance"]["R_test_list"]["mean"] * 1e-6,
        values["capacitance"]["C_test_list"]["mean"] * 1e12,
        (),
        (),
    )
    has_spike, has_voltage = (
        adapting[name] is not None
        for name in ("a_spike_component_of_threshold", "a_voltage_comp_of_thr_from_fitab")
    )
    return Preprocessed(
        membrane=membrane,
        cut=Cut(cut["length"] * dt_s, cut["slope"], cut["intercept"] * 1e3),
        th_inf_mv=values["th_inf"]["via_Vmeasure"]["from_zero"] * 1e3,
        currents=Currents(
            tuple(a * 1e12 for a in asc["amp"]),
            tuple(asc["k"]),
            values["resistance"]["R_fit_ASC_and_R"]["mean"] * 1e-6,
        ),
        spike=Component(
            adapting["a_spike_component_of_threshold"] * 1e3,
            adapting["b_spike_component_of_threshold"],
        )
        if has_spike
        else None,
        voltage=Component(
            adapting["a_voltage_comp_of_thr_from_fitab"],
            adapting["b_voltage_comp_of_thr_from_fitab"],
        )
        if has_voltage
        else None,
    )


def test_models_are_put_together_as_published(shared):
    """Published configurations are our assembly of the published preprocessing, amplitudes undecayed."""
    compared = 0
    for values, config in published(shared):
        found = preprocessed(values)
        coefficient = config.th_inf_mv / found.th_inf_mv
        model = assemble(config.level, found, coefficient=coefficient, undecayed=True)
        for field in fields(config):
            if field.name != "source":
                mine, theirs = getattr(model, field.name), getattr(config, field.name)
                assert mine == pytest.approx(theirs, rel=1e-9), (config.source, field.name)
        mended = assemble(config.level, found, coefficient=coefficient)
        if config.level in ASC_LEVELS:
            grown = [a / b for a, b in zip(config.asc_amp_pa, mended.asc_amp_pa, strict=True)]
            rates = 1 / np.array(config.asc_tau_s)
            assert grown == pytest.approx(np.exp(rates * config.t_ref_s))
        compared += 1
    assert compared >= 20


def test_published_preprocessing_obeys_the_rules_stated(shared):
    for values, _ in published(shared):
        dt_s = values["dt_used_for_preprocessor_calculations"]
        assert dt_s == 5e-5
        noise = [s for s in values["sweep_properties"]["noise1"].values() if s["spike_ind"]]
        shortest_s = min(np.diff(s["spike_ind"]).min() for s in noise) * dt_s
        length_s = values["spike_cut_length"]["no deltaV shift"]["length"] * dt_s
        assert 1e-3 <= length_s <= min(0.010, shortest_s)
        # No spike before 8 s, so that the membrane is measured in silence.
        assert min(s["spike_ind"][0] for s in noise) * dt_s > 8.0
        internal = values["MLIN"]
        scale = math.sqrt(internal["var_of_section"] / 2)
        assert internal["sv_for_expsymm"] == pytest.approx(scale, rel=1e-9)
        assert values["asc"]["k"] == pytest.approx(
            [rate for rate in RATES_PER_S if np.isclose(values["asc"]["k"], rate).any()]
        )
        threshold, square = values["th_inf"]["via_Vmeasure"], values["El"]["El_suprathreshold_blip"]
        assert threshold["from_zero"] == pytest.approx(
            threshold["value"] - square["value"], abs=1e-9
        )
        for what, names in {
            "resistance": ("R_test_list", "R_fit_ASC_and_R"),
            "capacitance": ("C_test_list",),
        }.items():
            for name in names:
                listed = values[what][name]
                assert listed["mean"] == pytest.approx(np.mean(listed["list"]), rel=1e-12)
