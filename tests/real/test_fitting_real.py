"""Fits of a real recording, and published models on real currents."""

import json

import numpy as np
import pandas as pd
import pytest

from allentk.data import Sweep
from allentk.features import spikes
from allentk.fitting import GLIFFitter, fit_levels, reliability, score_trains


@pytest.fixture(scope="module")
def frozen_noise(shared):
    """Stretches of nine repeats of frozen noise: 0-8, 8-12 and 12-20 s.

    No model is scored on the last: it is kept for the benchmark, once per release.
    """
    with np.load(shared / "recordings" / "noise" / "gif_pozzorini_test9.npz") as data:
        voltage, current, rate = data["v_mV"], data["i_pA"], 1 / float(data["dt_s"])

    def part(start_s, stop_s):
        where = slice(round(start_s * rate), round(stop_s * rate))
        return [
            Sweep(v[where], i[where], rate, number=n, source="frozen noise")
            for n, (v, i) in enumerate(zip(voltage, current, strict=True))
        ]

    return part(0, 8), part(8, 12), part(12, 20)


def test_frozen_noise(frozen_noise, capsys):
    """A few evaluations, for time; the fit that is reported has the default number."""
    train, check, _ = frozen_noise
    fits = fit_levels(train, (1, 3), max_evaluations=150).fits
    rows = {}
    for level in (1, 3):
        fitter = GLIFFitter(level)
        fitter.model_ = fits[level].model
        rows[level] = fitter.evaluate(check)
        with capsys.disabled():
            print(
                f"\n  frozen noise, GLIF{level}: explained-variance ratio {fits[level].score:.3f} on "
                f"0-8 s, {fits[level].cv_score:.3f} cross-validated, {rows[level]['ratio']:.3f} on "
                f"8-12 s (reliability of the data {rows[level]['reliability']:.3f}); spikes "
                f"{rows[level]['n_spikes_model']:.0f} against {rows[level]['n_spikes_data']:.1f}"
            )
    assert rows[1]["ratio"] >= 0.60
    assert rows[3]["ratio"] >= 0.68
    assert fits[3].cv_score > fits[1].cv_score


def test_the_held_out_part_is_reliable(frozen_noise):
    """What a model is measured against in the benchmark, as published beside the recording."""
    trains = [spikes(sweep)["threshold_t"].to_numpy(float) for sweep in frozen_noise[2]]
    found = reliability(trains, 8.0)
    assert found["data"] == pytest.approx(0.930, abs=0.003)
    assert found["reliability"] == pytest.approx(0.917, abs=0.003)


def test_reliability_of_published_cells(shared):
    """Agreement of noise-1 trials, from published spike indices, with the published table's."""
    table = pd.read_csv(shared / "models" / "glif" / "noise1_reliability.csv", index_col=0)
    compared = 0
    for folder in sorted((shared / "recordings" / "allen").glob("glif_*")):
        values = json.loads(next(folder.glob("*preprocessor_values.json")).read_text())
        noise = values["sweep_properties"]["noise1"].values()
        trains = [
            np.array(sweep["spike_ind"]) * values["dt_used_for_preprocessor_calculations"]
            for sweep in noise
            if sweep["spike_ind"]
        ]
        specimen = int(folder.name.split("_")[1])
        if specimen not in table.index:
            continue
        found = reliability(trains, 28.0)
        assert found["data"] == pytest.approx(table.loc[specimen, "D_0.01"], abs=1e-3)
        assert found["pairwise"] == pytest.approx(table.loc[specimen, "P_0.01"], abs=1e-3)
        compared += 1
    assert compared >= 4


def test_a_model_that_is_a_trial_scores_one(frozen_noise):
    train, *_ = frozen_noise
    times = spikes(train[0])["threshold_t"].to_numpy(float)
    assert score_trains(times, [times], 8.0)["ratio"] == pytest.approx(1.0)
