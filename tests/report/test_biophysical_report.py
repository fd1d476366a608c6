"""The figure and the page of a biophysical model."""

import json
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from allentk.errors import DataError, FitError
from allentk.fitting.biophysical.evaluation import Evaluation, Measured
from allentk.fitting.biophysical.genes import Gene, GeneSet
from allentk.fitting.biophysical.result import BiophysicalFitResult, Kept
from allentk.fitting.biophysical.targets import Target
from allentk.fitting.biophysical.verdict import verdict
from allentk.fitting.result import Reason
from allentk.report import biophysical_figure, write_biophysical_report
from allentk.report.biophysical_words import in_words
from tests.fitting.biophysical.small_cell import cell, recording, targets

GENES = (
    Gene("soma", "NaTs", "gbar", 1.5e-5, 15.0, "log", "S/cm2"),
    Gene("soma", "SK", "gbar", 1e-6, 1.0, "log", "S/cm2"),
    Gene("soma", "Ih", "gbar", 1e-4, 0.1, "log", "S/cm2"),
)


def made_up_result():
    """Return a fit that was not run: known numbers in the place of a search."""
    model = cell(gbar_NaTs=1.2)
    genes = GeneSet(GENES, model.parameters)
    values = {"gbar_NaTs": 1.2, "gbar_SK": 3e-3, "gbar_Ih": 1e-4}
    rows = [(0, 100, 1.0, 250.0), (1, 200, 2.0, 9.0), (1, 300, 3.0, 4.0), (2, 400, 4.0, 6.0)]
    history = pd.DataFrame(rows, columns=["restart", "evaluations", "seconds", "cost"])
    return BiophysicalFitResult(
        model=model,
        cost=4.0,
        evaluation=Evaluation(4.0),
        targets=targets(),
        reason=Reason.BUDGET,
        history=history.assign(best=np.minimum.accumulate(history["cost"])),
        seed=7,
        evaluations=400,
        hall_of_fame=(Kept(model.parameters, 4.0, 1), Kept(model.parameters, 6.0, 2)),
        restarts=(Kept(model.parameters, 4.0, 1), Kept(model.parameters, 6.0, 2)),
        spread={"gbar_NaTs": (0.5, 1.2), "gbar_SK": (1e-3, 0.1), "gbar_Ih": (1e-4, 1e-4)},
        genes=genes.to_dataframe().assign(value=list(values.values())),
        at_bounds=genes.at_bounds(model.parameters),
        style="pyramidal",
        notes=("no passive fit was given",),
        versions={"allentk": "0.0", "cma": "4.0"},
    )


@pytest.fixture(scope="module")
def result():
    return made_up_result()


@pytest.fixture(scope="module")
def judged(result):
    return verdict(result)


@pytest.fixture(scope="module")
def page(result, judged, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "deep" / "fit.html"
    assert write_biophysical_report(result, path, sweeps=recording(), verdict=judged) == path
    return path.read_text(encoding="utf-8")


def read(html):
    """Return what a reader sees."""
    body = re.sub(r"(?s)<style>.*?</style>", "", html)
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def titles(figure):
    return [axes.get_title("left") for axes in figure.axes]


def test_every_panel_of_a_fit_is_there(result, judged):
    figure = biophysical_figure(result, sweeps=recording(), verdict=judged)
    assert titles(figure) == [
        "Spikes per step (lines: rheobase)",
        "Voltage below threshold",
        "Features at 270 pA, training",
        "−90 pA, training",
        "240 pA, held out",
        "270 pA, training",
        "How the search went",
        "Parameters in their bounds (diamond: at one, bar: all restarts)",
    ]
    assert [text.get_text() for text in figure.texts] == ["SYNTHETIC"]


def test_the_curve_shows_what_was_held_out(result, judged):
    axes = biophysical_figure(result, verdict=judged).axes[0]
    lines = {line.get_label(): line for line in axes.lines}
    held = [s for s in judged.steps if s.use == "held out" and s.amplitude_pa > 0]
    assert lines["cell, held out"].get_xdata().tolist() == [s.amplitude_pa for s in held]
    assert lines["cell, held out"].get_ydata().tolist() == [s.n_recorded for s in held]
    assert lines["cell, held out"].get_markerfacecolor() == "white"
    assert lines["cell, training"].get_markerfacecolor() != "white"
    model = [s.n_model for s in judged.steps if s.amplitude_pa > 0]
    assert lines["model"].get_ydata().tolist() == model


def test_recorded_voltage_is_corrected_before_it_is_drawn(result, judged):
    panel = biophysical_figure(result, sweeps=recording(), verdict=judged).axes[3]
    lines = {line.get_label(): line.get_ydata() for line in panel.lines}
    assert set(lines) == {"cell −14 mV", "model"}
    assert abs(np.median(lines["cell −14 mV"]) - np.median(lines["model"])) < 1.0
    alone = biophysical_figure(result, verdict=judged).axes[3]
    assert [line.get_label() for line in alone.lines] == ["model"]


def test_parameters_lie_where_their_bounds_say(result, judged):
    panel = biophysical_figure(result, verdict=judged).axes[7]
    dots = [line for line in panel.lines if line.get_marker() in ("o", "D")]
    assert [line.get_marker() for line in dots] == ["o", "o", "D"]
    encoded = GeneSet(GENES, result.model.parameters).encode(result.model.parameters)
    found = [float(np.ravel(line.get_xdata())[0]) for line in dots]
    assert found == pytest.approx(encoded.tolist(), abs=1e-9)


def test_the_search_is_drawn_per_restart_and_of_the_last_stage(result, judged):
    axes = biophysical_figure(result, verdict=judged).axes[6]
    assert axes.get_legend_handles_labels()[1] == ["first points", "restart 1", "restart 2"]
    assert axes.lines[1].get_ydata().tolist() == [9.0, 4.0]
    staged = replace(result, history=result.history.assign(stage=[0, 1, 1, 1]))
    last = biophysical_figure(staged, verdict=judged).axes[6]
    assert last.get_title("left") == "How the last stage went"
    assert last.get_legend_handles_labels()[1] == ["restart 1", "restart 2"]


def test_channels_keep_their_names(result, judged, page):
    genes = [
        Gene("soma", "K_P", "gbar", 1e-6, 1.0, "log", "S/cm2"),
        Gene("soma", "", "g_pas", 1e-7, 1e-3, "log", "S/cm2"),
    ]
    table = GeneSet(tuple(genes), result.model.parameters).to_dataframe().assign(value=[0.05, 1e-5])
    named = replace(result, genes=table, spread={}, at_bounds={"gbar_K_P": "low"})
    panel = biophysical_figure(named, verdict=judged).axes[7]
    assert [label.get_text() for label in panel.get_yticklabels()] == ["gbar_K_P", "g_pas_soma"]
    assert "gbar_NaTs" in read(page)


def test_traces_say_what_the_fit_saw_whatever_other_targets_say(result):
    other = targets().trained_on([240.0])
    titled = titles(biophysical_figure(result, other))[3:6]
    assert titled == ["−90 pA, training", "240 pA, held out", "270 pA, training"]


def test_a_result_is_json_without_a_number_that_is_none(result):
    measured = Measured(270.0, "shape", "latency", Target(0.1, 0.005), float("nan"))
    holed = replace(result, evaluation=Evaluation(4.0, measured=(measured,)))
    told = json.loads(json.dumps(holed.to_dict(), allow_nan=False))
    assert told["z"][0]["value"] is None


def test_a_published_model_is_drawn_without_a_search():
    figure = biophysical_figure(cell(), targets())
    assert len(figure.axes) == 6
    with pytest.raises(FitError, match="Give targets"):
        biophysical_figure(cell())


def test_what_was_held_out_is_said_first(page, judged):
    text = read(page)
    first, *others = in_words(judged)
    assert first.startswith("On the held-out steps the number of spikes is off by")
    places = [text.index(sentence.replace("'", "&#39;")) for sentence in (first, *others)]
    assert places == sorted(places)
    assert "SYNTHETIC" in text


def test_the_page_has_tables_and_provenance(page, judged):
    text = read(page)
    for part in (
        "Every step",
        "Every feature",
        "Fitted parameters",
        "Hall of fame",
        "at the lower bound",
        "0.00100 to 0.100",
        "budget: the evaluations were used up; raise max_evaluations to look further",
        "seed 7",
        "400 models in 4 s",
        "no passive fit was given",
        "recorded voltages −14 mV (liquid junction potential)",
        judged.engine,
        "cma 4.0",
    ):
        assert part in text, part
    assert not re.search(r'src="(?!data:)', page)


def test_a_page_of_a_published_model(tmp_path):
    path = write_biophysical_report(cell(), tmp_path / "model.html", targets=targets())
    text = read(path.read_text(encoding="utf-8"))
    assert "Fitted parameters" not in text
    assert "NaTs" in text
    with pytest.raises(DataError, match="folder"):
        write_biophysical_report(cell(), tmp_path, targets=targets())
    with pytest.raises(FitError, match="Give targets"):
        write_biophysical_report(cell(), tmp_path / "x.html")


def test_a_verdict_in_words_covers_what_is_missing(judged):
    everything = replace(judged, steps=tuple(replace(s, use="training") for s in judged.steps))
    assert in_words(everything)[0].startswith("No step was held out: all 11 were used")
    blocked = replace(judged, block=replace(judged.block, longest_s=0.5))
    assert any("above -50 mV for 500 ms" in sentence for sentence in in_words(blocked))
    never = replace(judged.rheobase, model_pa=float("nan"))
    assert any("fires at no current" in s for s in in_words(replace(judged, rheobase=never)))
    restless = replace(judged.rheobase, model_pa=0.0)
    assert any("without any current" in s for s in in_words(replace(judged, rheobase=restless)))
    off = replace(judged.rheobase, model_pa=190.0)
    assert any("190 pA, 40 pA off" in s for s in in_words(replace(judged, rheobase=off)))
