"""Where a voltage rises through a level."""

import numpy as np
import pytest

from allentk.data.crossings import crossings


@pytest.mark.parametrize(
    ("voltage", "expected"),
    [
        ([], []),
        ([0.0], []),
        # A trace that begins above has not risen; one that reaches the level exactly has.
        ([0.0, -70.0, -20.0, -20.0, -70.0, 5.0], [2, 5]),
        # A gap neither hides a spike nor makes one.
        ([-70.0, np.nan, 10.0, -70.0, 10.0], [4]),
    ],
)
def test_a_spike_is_the_first_sample_at_or_above_after_one_below(voltage, expected):
    assert crossings(np.array(voltage)).tolist() == expected


def test_the_level_may_be_another():
    assert crossings(np.array([-70.0, -30.0, -70.0]), -40.0).tolist() == [1]
