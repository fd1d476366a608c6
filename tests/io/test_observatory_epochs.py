"""Epochs from presentations alone."""

import numpy as np
import pandas as pd
import pytest

from allentk.errors import FormatError
from allentk.io.observatory_epochs import THRESHOLD_FRAMES, shown_at, stimulus_epochs


def presentations(name, frames, **columns):
    frames = np.array(frames)
    head = {"start_s": frames[:, 0] / 10, "stop_s": frames[:, 1] / 10, "stimulus": name}
    return pd.DataFrame(
        {**head, "start_frame": frames[:, 0], "stop_frame": frames[:, 1], **columns}
    )


@pytest.mark.parametrize(("kind", "threshold"), THRESHOLD_FRAMES.items())
def test_a_gap_of_more_than_the_threshold_begins_an_epoch(kind, threshold):
    joined = presentations("x", [[0, 10], [10 + threshold, 20 + threshold]])
    cut = presentations("x", [[0, 10], [11 + threshold, 21 + threshold]])
    assert len(stimulus_epochs({"x": joined}, kind, where="made up")) == 1
    assert len(stimulus_epochs({"x": cut}, kind, where="made up")) == 2


def test_two_cuts_are_the_most():
    frames = [[0, 10], [100, 110], [200, 210], [300, 310]]
    three = stimulus_epochs({"x": presentations("x", frames[:3])}, "three_session_A", where="f")
    assert three["presentations"].tolist() == [1, 1, 1]
    with pytest.raises(FormatError, match=r"f: x: expected at most 3 epochs, got 4: .*90, 90, 90"):
        stimulus_epochs({"x": presentations("x", frames)}, "three_session_A", where="f")


def test_sessions_without_presentations():
    nothing = presentations("x", np.empty((0, 2), int))
    epochs = stimulus_epochs({"x": nothing}, "three_session_A", where="f")
    assert epochs.columns.tolist()[:3] == ["stimulus", "start_s", "stop_s"]
    assert epochs.empty
    shown = shown_at(np.array([1.0]), {"x": nothing}, epochs, frame_s=0.1)
    assert shown.loc[0, ["stimulus", "presentation"]].isna().all()


def test_the_last_frame_belongs_to_its_presentation():
    tables = {
        "a": presentations("a", [[0, 7], [8, 15]], frame=[4, 5]),
        "b": presentations("b", [[16, 20]], frame=[6]),
    }
    epochs = stimulus_epochs(tables, "three_session_B", where="f")
    times = np.array([0.75, 0.79, 0.8, 1.55, 1.6, 2.05, 2.15, np.nan])
    shown = shown_at(times, tables, epochs, frame_s=0.1)
    assert shown["frame"].fillna(-9).tolist() == [4, 4, 5, 5, 6, 6, -9, -9]
    assert shown["stimulus"].fillna("").tolist() == ["a"] * 4 + ["b"] * 2 + [""] * 2
