"""Metrics as the papers of the models define them: closed forms, and where they differ."""

import itertools

import numpy as np
import pandas as pd
import pytest

from allentk import responses
from allentk.data import SpikeTrains, StimulusTable
from allentk.errors import DataError
from tests import planted

DIRECTIONS = np.arange(0.0, 360.0, 45.0)
CURVE = np.array([2.0, 4.0, 20.0, 8.0, 6.0, 4.0, 10.0, 4.0])


def table(frequencies=(2.0, 4.0), length_s=3.0, **options):
    both = list(itertools.product(DIRECTIONS, frequencies))
    columns = {
        "orientation_deg": [d for d, _ in both],
        "temporal_frequency_hz": [f for _, f in both],
    }
    return planted.shown("drifting_gratings", columns, length_s=length_s, gap_s=1.0, **options)


def rates(row):
    if row.stimulus == "blank":
        return [3.0, 0.0]
    rate = CURVE[int(row.orientation_deg // 45)]
    return [rate / (1 if row.temporal_frequency_hz == 4.0 else 2), 0.0]


def test_layer4_by_its_formulas():
    shown = table()
    cells = responses.drifting_gratings(
        planted.spikes(shown, rates), shown, definition="layer4", response_window_s=None
    )
    first, theta = cells.iloc[0], np.deg2rad(DIRECTIONS)
    assert first["preferred_direction_deg"] == 90.0
    assert first["preferred_tf_hz"] == 4.0
    assert first["peak_rate_hz"] == 20.0
    assert first["spontaneous_rate_hz"] == 3.0
    assert first["dsi_pair"] == pytest.approx((20 - 10) / 30)
    po, orth = (20 + 10) / 2, (2 + 6) / 2
    assert first["osi_modulation"] == pytest.approx((po - orth) / (po + orth))
    expected = abs((CURVE * np.exp(2j * theta)).sum()) / CURVE.sum()
    assert first["osi_vector"] == pytest.approx(expected)
    silent = cells.iloc[1]
    assert silent["osi_vector"] == 0.0
    assert silent[["osi_modulation", "dsi_pair", "preferred_direction_deg"]].isna().all()


def test_layer4_chooses_the_direction_over_all_frequencies():
    shown = table(blanks=0)

    def wanted(row):
        at = {(0.0, 2.0): 30.0, (90.0, 2.0): 20.0, (90.0, 4.0): 25.0}
        return [at.get((row.orientation_deg, row.temporal_frequency_hz), 1.0)]

    trains = planted.spikes(shown, wanted)
    cells = responses.drifting_gratings(trains, shown, definition="layer4", response_window_s=None)
    assert cells["preferred_direction_deg"][0] == 90.0
    assert cells["preferred_tf_hz"][0] == 4.0
    assert cells["peak_rate_hz"][0] == 30.0  # Rmax is of all conditions
    joint = responses.drifting_gratings(trains, shown)
    assert joint["preferred_direction_deg"][0] == 0.0


def test_layer4_counts_the_first_two_and_a_half_seconds():
    shown = table(frequencies=(4.0,), blanks=0)
    onset = shown.intervals_s[:, 0]
    trains = SpikeTrains.from_lists([np.sort(np.concatenate([onset + 2.4, onset + 2.6])).tolist()])
    cells = responses.drifting_gratings(trains, shown, definition="layer4")
    assert cells["mean_rate_hz"][0] == pytest.approx(1 / 2.5)


def test_layer4_width_is_that_of_the_curve():
    """A Gaussian of 30 degrees is half as high at 30 sqrt(2 ln 2) = 35.3 degrees."""
    shown = table(frequencies=(4.0,), blanks=0, length_s=2.5)

    def gaussian(row):
        off = (row.orientation_deg - 90 + 180) % 360 - 180
        return [400 * np.exp(-0.5 * (off / 30) ** 2), 0.0]

    cells = responses.drifting_gratings(
        planted.spikes(shown, gaussian), shown, definition="layer4", tuning_width=True
    )
    assert cells["tuning_width_deg"][0] == pytest.approx(35.32, abs=0.2)
    assert np.isnan(cells["tuning_width_deg"][1])


def test_v1_2026_by_its_formulas():
    shown = table(frequencies=(4.0,), length_s=2.0)
    cells = responses.drifting_gratings(planted.spikes(shown, rates), shown, definition="v1-2026")
    first, theta = cells.iloc[0], np.deg2rad(DIRECTIONS)
    z1, z2 = ((CURVE * np.exp(1j * k * theta)).sum() for k in (1, 2))
    assert first["osi_vector"] == pytest.approx(abs(z2) / CURVE.sum())
    assert first["dsi_vector"] == pytest.approx(abs(z1) / CURVE.sum())
    half = np.rad2deg(np.angle(z2)) / 2 % 180
    assert first["preferred_angle_deg"] % 180 == pytest.approx(half)
    assert abs(first["preferred_angle_deg"] - 90) < 45
    assert first["peak_rate_hz"] == 20.0
    assert cells["notes"].tolist() == ["", "no spikes in any presentation"]


def test_v1_2026_leaves_out_the_quiet_and_looks_before_the_grating():
    shown = table(frequencies=(4.0,), length_s=2.0, repeats=10, blanks=0)
    best = shown.intervals_s[shown.table["orientation_deg"] == 90.0, 0]
    onset = shown.intervals_s[:, 0]
    quiet = (best[:9] + 0.5).tolist()  # 9 spikes in 10 trials of 2 s: 0.45 Hz
    before = (onset - 0.2).tolist()
    trains = SpikeTrains.from_lists([quiet, [*best + 0.5], before])
    cells = responses.drifting_gratings(trains, shown, definition="v1-2026")
    assert cells["osi_vector"].isna().tolist() == [True, False, True]
    assert cells["notes"][0] == "rate at the preferred direction below 0.5 Hz"
    assert cells["peak_rate_hz"].tolist()[:2] == pytest.approx([0.45, 0.5])
    assert cells["spontaneous_rate_hz"][2] == pytest.approx(1 / 0.4)
    alone = responses.spontaneous(trains, shown, definition="v1-2026")
    assert alone["spontaneous_rate_hz"].tolist() == pytest.approx([0.0, 0.0, 2.5])


def test_traces_and_several_frequencies_are_refused():
    shown = table()
    for definition in ("layer4", "v1-2026"):
        with pytest.raises(DataError, match="measures spikes in Hz, got a Traces in dF/F"):
            responses.drifting_gratings(planted.traces(shown, rates), shown, definition=definition)
    with pytest.raises(DataError, match=r"one temporal frequency, got \[2.0, 4.0\] Hz"):
        responses.drifting_gratings(planted.spikes(shown, rates), shown, definition="v1-2026")
    mixed = shown.table.assign(contrast=np.where(np.arange(len(shown)) % 2, 0.1, 0.8))
    for definition in ("layer4", "v1-2026"):
        with pytest.raises(DataError, match=r"2 values of contrast \(\[0\.1, 0\.8\]\)"):
            responses.drifting_gratings(
                planted.spikes(shown, rates), StimulusTable(mixed), definition=definition
            )


def test_gratings_of_layer4_are_told_by_their_name():
    """Gabors have an orientation too, and another contrast."""
    shown = table()
    rows = shown.table
    after = rows["stop_s"].max() + 1 + np.arange(3.0)
    gabors = {"start_s": after, "stop_s": after + 0.5, "orientation_deg": [0.0, 45, 90]}
    gabors = pd.DataFrame({**gabors, "stimulus": "gabors", "contrast": 0.1})
    both = StimulusTable(pd.concat([rows.assign(contrast=0.8), gabors], ignore_index=True))
    trains = planted.spikes(shown, rates)
    cells = responses.drifting_gratings(trains, both, definition="layer4")
    pd.testing.assert_frame_equal(
        cells, responses.drifting_gratings(trains, shown, definition="layer4")
    )


@pytest.mark.parametrize("definition", ["layer4", "v1-2026"])
def test_columns_of_model_papers_are_explained(definition):
    from allentk.responses.metrics import all_metrics

    shown = table(frequencies=(4.0,))
    for stimulus in ("drifting_gratings", "spontaneous"):
        fitted = (definition, stimulus) == ("layer4", "drifting_gratings")
        cells = getattr(responses, stimulus)(
            planted.spikes(shown, rates),
            shown,
            definition=definition,
            **({"tuning_width": True} if fitted else {}),
        )
        known = {
            m.name for m in all_metrics() if (m.definition, m.stimulus) == (definition, stimulus)
        }
        assert set(cells.columns) == known
