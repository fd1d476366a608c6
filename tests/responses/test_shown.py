"""Presentations sorted into conditions, windows in a recording, and levels of image selectivity."""

import numpy as np
import pandas as pd
import pytest

from allentk.data import StimulusTable
from allentk.errors import DataError
from allentk.responses.checks import check_seed, check_whole
from allentk.responses.image_levels import selectivity_by_levels
from allentk.responses.recorded import inside
from allentk.responses.shown import shown


def gratings(orientations, **columns):
    start = np.arange(len(orientations), dtype=float)
    rows = {"start_s": start, "stop_s": start + 1, "stimulus": "drifting_gratings"}
    rows |= {"orientation_deg": orientations, "temporal_frequency_hz": 2.0}
    return StimulusTable(pd.DataFrame(rows | columns))


def test_a_whole_turn_and_rounding_make_no_new_condition():
    table = gratings([0.0, 360, 45, 45.0000001], temporal_frequency_hz=[2.0, 2, 0.3, 0.1 + 0.2])
    of = shown(table, "drifting_gratings")
    assert [axis.tolist() for axis in of.axes] == [[0, 45], [0.3, 2.0]]
    assert of.condition.tolist() == [1, 1, 2, 2]


def test_blanks_are_those_named_and_those_without_parameters():
    names = ["drifting_gratings", "blank", "spontaneous", "drifting_gratings", "flashes"]
    table = gratings([0.0, np.nan, np.nan, np.nan, np.nan], stimulus=names)
    of = shown(table, "drifting_gratings")
    assert of.rows.tolist() == [0, 1, 2, 3]
    assert of.blank.tolist() == [False, True, True, True]
    assert shown(table, "drifting_gratings", blank_names=("blank",)).rows.tolist() == [0, 1, 3]


def test_a_movie_among_other_images_is_found_by_its_name():
    names = ["natural_scenes", "natural_movie_one", "natural_movie_one", "natural_movie_two"]
    table = gratings([np.nan] * 4, frame=[0.0, 7, 3, 0], stimulus=names)
    both = StimulusTable(table.table.iloc[:3])
    of = shown(both, "natural_movie")
    assert of.rows.tolist() == [1, 2]
    assert of.axes[0].tolist() == [3, 7]
    with pytest.raises(DataError, match=r"\(natural_movie_one, natural_movie_two\); choose one"):
        shown(table, "natural_movie")


def test_gratings_of_two_contrasts_and_unknown_stimuli_are_refused():
    with pytest.raises(DataError, match=r"2 values of contrast .* choose one"):
        shown(gratings([0.0, 90], contrast=[0.1, 0.8]), "drifting_gratings")
    with pytest.raises(DataError, match="no stimulus 'flashes'"):
        shown(gratings([0.0]), "flashes")
    of = shown(gratings([0.0, 90, np.nan]), "drifting_gratings")
    with pytest.raises(DataError, match="of 2 presentations none lies in the recording"):
        of.where(of.blank)


def test_windows_in_a_recording_are_kept_to_the_last_frame():
    first = np.array([-1, 0, 5, 6])
    with pytest.warns(UserWarning, match=r"2 of 4 .* presentation 0, .* frames -1 to 4") as caught:
        assert inside(first, first + 5, 10, "flashes", stacklevel=2).tolist() == [0, 1, 1, 0]
    assert caught[0].filename == __file__
    with pytest.raises(DataError, match="none of the 1 presentations lies in the recording of 4"):
        inside(first[1:2], first[1:2] + 5, 4, "flashes", stacklevel=2)
    assert inside(first[:0], first[:0], 4, "flashes", stacklevel=2).size == 0


def test_image_selectivity_of_one_image_and_of_all_but_one():
    n = 118
    one, most = np.zeros(n), np.ones(n)
    one[3], most[3] = 1, 0
    found = selectivity_by_levels([one, most, np.ones(n), np.where(one, np.nan, 0)])
    assert found[0] == pytest.approx(1 - 2 / n)
    # Level 0 of 1000 lies below all images but the lowest.
    assert found[1] == pytest.approx(-1 + 2 / n)
    assert found[2] == 1
    assert np.isnan(found[3])
    assert selectivity_by_levels([one], 3)[0] == 1
    assert np.isnan(selectivity_by_levels(np.empty((2, 0)))).all()


@pytest.mark.parametrize("value", [0, 11, 2.0, True, "3", None])
def test_numbers_out_of_range_are_named(value):
    check_whole("n", np.int64(10), least=1, most=10)
    with pytest.raises(DataError, match=r"n must be a whole number from 1 to 10, got"):
        check_whole("n", value, least=1, most=10)


def test_a_seed_is_no_negative_number():
    check_seed(2**128 - 1)  # as numpy advises: secrets.randbits(128)
    for wrong, most in ((-1, 10), (2**32, 2**32 - 1)):
        with pytest.raises(DataError, match="seed must be"):
            check_seed(wrong, most=most)
