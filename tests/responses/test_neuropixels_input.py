"""What is wrong with the input is said, and the rest is computed."""

import numpy as np
import pandas as pd
import pytest

from allentk.data import NetworkResponse, SpikeTrains, StimulusTable, Traces
from allentk.errors import DataError
from allentk.responses import neuropixels


def flashes(n=6, **more):
    start = 2.0 * np.arange(n)
    rows = {
        "start_s": start,
        "stop_s": start + 0.25,
        "stimulus": "flashes",
        "color": [1.0, -1.0] * (n // 2),
    }
    return StimulusTable(pd.DataFrame({**rows, **more}))


TRAIN = SpikeTrains([0.1, 2.1, 4.1], [0, 0, 0], 2)


def test_presentations_outside_the_recording_are_left_out_and_said():
    with pytest.warns(
        UserWarning, match=r"flashes: 2 of 6 presentations lie outside.*first is at 8 s"
    ) as said:
        cells = neuropixels.flashes(TRAIN, flashes(), recording_s=(0.0, 7.0))
    assert said[0].filename == __file__
    pd.testing.assert_frame_equal(cells, neuropixels.flashes(TRAIN, flashes(4)))
    with pytest.raises(DataError, match="none of the 6"):
        neuropixels.flashes(TRAIN, flashes(), recording_s=(100.0, 200.0))


def test_silent_cells_have_no_values_and_a_note():
    cells = neuropixels.flashes(TRAIN, flashes())
    assert cells["notes"][1] == "no spikes in the presentations"
    assert cells["firing_rate_hz"][1] == 0
    assert (
        cells.loc[1, ["on_off_ratio", "fano", "time_to_peak_s", "lifetime_sparseness"]].isna().all()
    )


def test_no_cells_give_no_rows():
    cells = neuropixels.flashes(SpikeTrains([], [], 0), flashes())
    assert len(cells) == 0
    assert list(cells) == list(neuropixels.flashes(TRAIN, flashes()))


def test_one_trial():
    cells = neuropixels.flashes(TRAIN, flashes(2), running=([5.0], [0.1]))
    assert np.isnan(cells["p_run_modulation"][0])
    assert cells["fano"][0] == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"responses": Traces(np.zeros((1, 3)), np.arange(3.0), [1])},
            "got a Traces; for traces choose",
        ),
        ({"ids": [7]}, "no cell with id 7"),
        ({"quirks": "nonsense"}, "no quirk 'nonsense'"),
        ({"name": "gratings"}, "no presentation of 'gratings'"),
        ({"duration_s": -1.0}, "duration_s must be 0.002 s or longer"),
        ({"duration_s": np.inf}, "duration_s must be 0.002 s or longer"),
        ({"running": ([1.0, 2.0], [0.0])}, "of one length"),
        ({"running": ([1.0, 2.0], [1.0, 0.0])}, "must rise"),
        ({"table": flashes().where(color=9.0)}, "no presentation"),
        ({"table": pd.DataFrame({"a": [1]})}, "must be a StimulusTable"),
        ({"table": StimulusTable(flashes().table.drop(columns="color"))}, "no column 'color'"),
        ({"table": flashes(color=np.nan)}, "no presentation has values of color"),
    ],
)
def test_words(change, words):
    asked = {"responses": TRAIN, "table": flashes(), **change}
    with pytest.raises(DataError, match=words):
        neuropixels.flashes(**asked)


def test_several_stimuli_of_a_kind_must_be_chosen_from():
    first = flashes(2, frame=[0.0, 1.0]).table.assign(stimulus="natural_movie_one")
    second = first.assign(stimulus="natural_movie_three")
    second[["start_s", "stop_s"]] += 10
    table = StimulusTable(pd.concat([first, second], ignore_index=True))
    with pytest.raises(DataError, match="choose one, such as name='natural_movie_one'"):
        neuropixels.natural_movie(TRAIN, table)
    one = neuropixels.natural_movie(TRAIN, table, name="natural_movie_one")
    assert one["preferred_frame"][0] == 0


def test_several_contrasts_must_be_chosen_from():
    rows = flashes().table.assign(
        stimulus="drifting_gratings",
        orientation_deg=0.0,
        temporal_frequency_hz=2.0,
        contrast=[0.1, 0.8] * 3,
    )
    with pytest.raises(DataError, match=r"2 values of contrast \(0.1, 0.8\)"):
        neuropixels.drifting_gratings(TRAIN, StimulusTable(rows))


def test_a_blank_belongs_to_the_stimulus_before_it():
    rows = flashes(4).table
    rows["stimulus"] = ["flashes", "blank", "flashes", "spontaneous"]
    rows.loc[1, "color"] = np.nan
    rows.loc[3, "color"] = np.nan
    cells = neuropixels.flashes(TRAIN, StimulusTable(rows))
    # Blocks without a gap of over 0.5 s: three of 0.25 s, the blank's among them.
    assert cells["firing_rate_hz"][0] == pytest.approx(3 / 0.75)


def test_contrasts_outside_the_recording_are_left_out_and_said():
    gratings = flashes(4).table.assign(
        stimulus="drifting_gratings", orientation_deg=[0.0, 90.0] * 2, temporal_frequency_hz=2.0
    )
    levels = np.array([0.01, 0.02, 0.04, 0.08, 0.13, 0.2, 0.35, 0.6, 1.0])
    start = 12.0 + np.arange(9)
    rows = {"start_s": start, "stop_s": start + 0.5, "contrast": levels, "orientation_deg": 0.0}
    contrasts = pd.DataFrame({**rows, "stimulus": "drifting_gratings_contrast"})
    both = StimulusTable(pd.concat([gratings, contrasts], ignore_index=True))
    answers = [
        t + np.linspace(0.01, 0.4, round(60 * c**2 / (c**2 + 0.04)))
        for t, c in zip(start, levels, strict=True)
    ]
    of_six = np.concatenate([[0.1, 4.1], *answers[:6]])
    with pytest.warns(
        UserWarning, match="contrast_tuning: 3 of 9 presentations lie outside"
    ) as said:
        cut = neuropixels.drifting_gratings(
            SpikeTrains.from_lists([of_six]), both, recording_s=(0.0, 17.9)
        )
    assert said[0].filename == __file__
    shorter = StimulusTable(pd.concat([gratings, contrasts[:6]], ignore_index=True))
    whole = neuropixels.drifting_gratings(SpikeTrains.from_lists([of_six]), shorter)
    assert cut["c50"].tolist() == whole["c50"].tolist()
    none = neuropixels.drifting_gratings(
        SpikeTrains([0.1, 4.1], [0, 0], 1), both, recording_s=(0.0, 11.0)
    )
    assert none["c50"].isna().all()
    assert none["notes"].tolist() == [""]


def test_populations_of_a_network_that_do_not_fit():
    nodes = {"a": pd.DataFrame({"cell_class": ["L4 Exc"]})}
    with pytest.raises(DataError, match="2 cells but 1 rows in its node table"):
        neuropixels.flashes(NetworkResponse({"a": TRAIN}, 20.0, flashes(), nodes))
    with pytest.raises(DataError, match="no population with spikes"):
        neuropixels.flashes(NetworkResponse({}, 20.0, flashes()))


def test_shuffles_are_counted_from_one():
    table = StimulusTable(flashes().table.assign(stimulus="gabors", x_deg=[0, 5.0] * 3, y_deg=0.0))
    for wrong in ({"n_shuffles": 0}, {"n_shuffles": -3}, {"seed": -1}):
        with pytest.raises(DataError, match="1 shuffle or more and a seed from 0 on"):
            neuropixels.gabors(TRAIN, table, **wrong)


def test_short_presentations_shorten_the_window():
    rows = flashes().table
    rows["stop_s"] = rows["start_s"] + 0.05
    late = SpikeTrains([0.02, 0.1, 2.1, 4.1], [0, 0, 0, 0], 1)
    assert neuropixels.flashes(late, StimulusTable(rows))["fano"][0] == pytest.approx(2 / 3)
