"""The page of a fit: its panels, what they say, and what they are made from."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from allentk.errors import FitError
from allentk.fitting import LevelFits, fit_levels, score_trains
from allentk.report import fit_figure
from allentk.report.fit_figures import Holdout
from allentk.report.fit_overview import _stretches
from tests.workflow.conftest import noise_cell


@pytest.fixture(scope="module")
def noise():
    return noise_cell()


@pytest.fixture(scope="module")
def fits(noise):
    return fit_levels(noise, (1, 3), max_evaluations=5, progress=False)


def titles(figure):
    return [axes.get_title("left") for axes in figure.axes]


def test_every_panel_is_there(noise, fits):
    figure = fit_figure(noise, fits)
    scores, history, spikes, best, worst = figure.axes
    name = f"GLIF{fits.chosen}"
    assert titles(figure)[:3] == [
        f"{name} is chosen",
        "How the fit went on",
        "Spikes in Noise 2, not used for the fit: 2 trials and the models",
    ]
    assert titles(figure)[3].startswith(f"{name}, best 1.5 s: ratio ")
    assert titles(figure)[4].startswith(f"{name}, worst 1.5 s: ratio ")
    drawn = dict(zip(scores.get_legend_handles_labels()[1], scores.containers, strict=True))
    assert list(drawn) == ["training", "cross-validated (± SD over folds)", "hold-out"]
    assert drawn["training"][0].get_ydata() == pytest.approx([fits.fits[k].score for k in (1, 3)])
    (shaded,) = scores.patches
    centre = shaded.get_x() + shaded.get_width() / 2
    assert centre == pytest.approx([1, 3].index(fits.chosen))
    for line, level in zip(history.lines, (1, 3), strict=True):
        assert line.get_ydata() == pytest.approx(fits.fits[level].history["score"])
    assert [text.get_text() for text in spikes.get_yticklabels()] == [
        "trial 1",
        "trial 2",
        "GLIF1",
        "GLIF3",
    ]
    assert best.get_legend_handles_labels()[1] == worst.get_legend_handles_labels()[1]
    assert best.get_legend_handles_labels()[1][1] == name
    assert [text.get_text() for text in figure.texts] == ["SYNTHETIC"]


def test_the_best_and_the_worst_stretch():
    first = np.array([0.2, 0.9, 1.2, 3.2, 3.5, 4.3])
    model = np.array([0.2, 0.9, 1.2, 3.3, 3.9])
    held = Holdout(
        sweep=SimpleNamespace(duration_s=6.0),
        trials_s=[first],
        models={1: SimpleNamespace(spike_times_s=model)},
        span_s=(0.0, 6.0),
    )
    (best, first_span), (worst, last_span) = _stretches(held, 1)
    assert (best, first_span) == ("best 1.5 s: ratio 1.00", (0.0, 1.5))
    start, stop = last_span
    here = [train[(train >= start) & (train < stop)] - start for train in (model, first)]
    assert worst.endswith(f"{score_trains(here[0], here[1:], 1.5)['ratio']:.2f}")
    assert start >= 3.0


def test_without_a_held_out_stimulus_it_says_so(noise, fits):
    figure = fit_figure(noise.where(stimulus="Noise 1"), fits, synthetic=False)
    assert "Noise 1, used for the fit" in titles(figure)[2]
    assert "hold-out" not in figure.axes[0].get_legend_handles_labels()[1]
    assert figure.texts == []


def test_where_no_level_is_chosen_it_is_the_highest(noise, fits):
    unscored = {k: replace(each, cv_score=np.nan, cv_sd=np.nan) for k, each in fits.fits.items()}
    figure = fit_figure(noise, LevelFits(unscored, {}, (1, 3)), mark_chosen=False)
    assert titles(figure)[0] == "Scores of the levels"
    assert titles(figure)[3].startswith("GLIF3, best")
    assert figure.axes[0].get_legend_handles_labels()[1] == ["training", "hold-out"]


def test_a_silent_cell_has_no_best_stretch(noise, fits):
    silent = noise.where(stimulus="Noise 1")
    quiet = type(noise)([replace_voltage(sweep) for sweep in silent], source="silent", metadata={})
    figure = fit_figure(quiet, fits)
    assert titles(figure)[3] == f"GLIF{fits.chosen}, no spike recorded"


def replace_voltage(sweep):
    flat = np.full(sweep.n_samples, -72.0)
    return type(sweep)(
        flat,
        sweep.current_pa,
        sweep.sampling_rate_hz,
        number=sweep.number,
        stimulus="Noise 2",
        start_s=sweep.start_s,
        stop_s=sweep.stop_s,
    )


def test_nothing_to_draw(noise):
    with pytest.raises(FitError, match="no level was fitted"):
        fit_figure(noise, LevelFits({}, {1: FitError("too short")}, (1,)))
