"""The gallery's example on a table that is made up: SYNTHETIC cells, seeded."""

import sys

import numpy as np
import pandas as pd
import pytest

from allentk.api.cell_columns import EPHYS_FEATURES
from allentk.errors import DataError, FormatError
from docs.gallery import cell_classes as example

LINES = {"Pvalb-IRES-Cre": "aspiny", "Rorb-IRES2-Cre": "spiny", "Sst-IRES-Cre": "aspiny"}


def made_up(*, apart=3.0, animals=120, seed=0):
    """Return SYNTHETIC cells: every animal of one line, every line `apart` on every feature."""
    random = np.random.default_rng(seed)
    donors = np.repeat(np.arange(animals), random.integers(1, 5, animals))
    which = donors % len(LINES)
    names = [example.SITE.get(name, name) for name in EPHYS_FEATURES]
    table = pd.DataFrame({name: random.normal(size=len(donors)) for name in names})
    table += apart * which[:, None]
    table = table.mask(random.random(table.shape) < 0.05)
    table["id"] = table["specimen_id"] = np.arange(len(donors))
    table["transgenic_line"] = np.array(list(LINES))[which]
    table["dendrite_type"] = table["transgenic_line"].map(LINES)
    table["reporter_status"], table["species"] = "positive", "Mus musculus"
    return table.assign(donor_id=donors, features_id=table["id"])


@pytest.fixture(scope="module")
def cells():
    return made_up()


@pytest.fixture(scope="module")
def lines(cells):
    return example.problem(cells, "line")


def test_every_published_column_is_a_feature_or_left_out_by_name(cells):
    published = {"features_id" if name == "id" else name for name in EPHYS_FEATURES}
    left_out = {name for names in example.LEFT_OUT.values() for name in names}
    used = set(example.physiology(cells).columns)
    assert used & published == published - left_out
    assert all("_after_" in name for name in used - published)


def test_times_are_counted_from_threshold(cells):
    later = cells.assign(**{name: cells[name] + 7.0 for name in example.LEFT_OUT["times"]})
    pd.testing.assert_frame_equal(example.physiology(later), example.physiology(cells))


def test_cells_without_the_reporter_and_rare_lines_stay_out(cells):
    table = cells.copy()
    table.loc[:9, "reporter_status"] = "negative"
    table.loc[10:19, "transgenic_line"] = "Chat-IRES-Cre-neo"
    table.loc[20:29, "transgenic_line"] = None
    assert example.problem(table, "line").X.index.tolist() == table.index[30:].tolist()
    assert set(example.problem(table, "class").y) == {"Pvalb", "Sst", "excitatory"}
    assert len(example.problem(table, "dendrite").y) == len(table)


def test_too_few_cells_are_said_to_be_too_few(cells):
    with pytest.raises(DataError, match="two classes of at least 30 cells"):
        example.problem(cells.head(40), "line")


@pytest.mark.parametrize("seed", range(3))
def test_no_animal_is_on_both_sides(lines, seed):
    parts = example.folds(lines, seed)
    for train, test in parts:
        assert not set(lines.donors[train]) & set(lines.donors[test])
    tested = np.concatenate([test for _, test in parts])
    assert sorted(tested) == list(range(len(lines.y)))


def test_an_animal_gives_its_line_away_only_where_folds_ignore_it():
    noise = example.problem(made_up(apart=0.0), "line")
    random = np.random.default_rng(1)
    mark = random.normal(size=(noise.donors.max() + 1, 4))[noise.donors]
    marked = noise._replace(X=pd.DataFrame(mark, columns=list("abcd")))
    forest = example.models()["forest"]
    by_animal = example.balanced(noise.y, example.guess(forest, marked))
    by_cell = example.balanced(noise.y, example.guess(forest, marked, by_donor=False))
    assert by_animal < 0.5
    assert by_cell > by_animal + 0.2


@pytest.mark.parametrize("name", ["logistic", "forest", "boosting"])
def test_lines_that_are_apart_are_told_apart(lines, name):
    assert example.evaluate(lines, name, repeats=1)["balanced accuracy"] > 0.95


@pytest.mark.parametrize("name", ["most frequent", "stratified", "logistic"])
def test_what_knows_nothing_scores_chance(name):
    noise = example.problem(made_up(apart=0.0), "line")
    # Below a third, too: what is the most frequent in training is rarer in what was left out.
    assert abs(example.evaluate(noise, name, repeats=1)["balanced accuracy"] - 1 / 3) < 0.15


def test_balanced_accuracy_is_the_mean_recall():
    truth, guesses = np.array(list("aaab")), np.array(list("aaba"))
    assert example.balanced(truth, guesses) == pytest.approx((2 / 3 + 0) / 2)
    assert example.macro_f1(truth, guesses) == pytest.approx((2 / 3 + 0) / 2)


def test_the_interval_is_wider_where_animals_are_fewer():
    def width(animals):
        asked = example.problem(made_up(animals=animals), "line")
        wrong = np.random.default_rng(0).random(len(asked.y)) < 0.3
        low, high = example.interval(asked, np.where(wrong, asked.y[0], asked.y))
        return high - low

    assert width(60) > 1.5 * width(600) > 0


def test_swapping_keeps_counts_and_animals_and_loses_the_meaning(lines):
    swapped = example.swapped(lines.y, lines.donors, 0)
    assert sorted(swapped) == sorted(lines.y)
    assert pd.Series(swapped).groupby(lines.donors).nunique().max() == 1
    assert 0.2 < np.mean(swapped == lines.y) < 0.5
    assert np.array_equal(swapped, example.swapped(lines.y, lines.donors, 0))


def test_the_chance_of_swapped_labels(lines):
    null = example.permuted(lines, "logistic", 4)
    assert np.all(np.abs(null - 1 / 3) < 0.15)
    assert example.p_value(0.99, null) == pytest.approx(1 / 5)
    assert example.p_value(null.min(), null) == 1


def test_the_true_number_of_groups_is_stable_and_preferred():
    cells = made_up(animals=240)
    lines = example.problem(cells, "line")
    X = example.physiology(cells)
    found = example.group_counts(X, cells["donor_id"].to_numpy(), range(2, 6), repeats=2)
    assert found["bic"].idxmin() == 3
    assert found.loc[3, "stability"] > 0.95 > found.loc[5, "stability"]
    groups = example.grouping(3).fit(X).predict(lines.X)
    real, null = example.agreement(groups, lines.y, lines.donors, times=20)
    assert real > 0.95
    assert null < 0.1


def test_the_figure_shows_every_line(cells, lines):
    table = pd.DataFrame({"stability": [0.9, 0.8], "sd": [0.1, 0.1], "bic": [2.0, 1.0]}, [2, 3])
    figure = example.draw(lines, lines.y, example.physiology(cells), table)
    confusion, embedding, _ = figure.axes
    assert [text.get_text() for text in confusion.get_yticklabels()] == sorted(LINES)
    assert np.array_equal(confusion.images[0].get_array(), np.eye(3))
    assert len(embedding.collections[0].get_offsets()) == len(cells)


def test_tables_of_the_site_are_read_by_their_names(cells, tmp_path):
    site = {new: old for old, new in example.SITE.items()}
    details = cells[list(site)].rename(columns=site)
    details.loc[0, "donor__species"] = "Homo Sapiens"
    details.to_csv(tmp_path / "cell_types_specimen_details.csv", index=False)
    features = cells[["specimen_id", "vrest"]].assign(id=5)
    features.to_csv(tmp_path / "ephys_features.csv", index=False)
    table = example.load(tmp_path)
    assert table["id"].tolist() == cells["id"].tolist()[1:]
    assert table["features_id"].eq(5).all()
    with pytest.raises(FormatError, match="expected one file"):
        example.load(tmp_path / "nowhere")


def test_the_demo_says_that_it_is_too_small_and_what_to_do(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["cell_classes.py", "--demo"])
    with pytest.raises(SystemExit, match=r"SYNTHETIC.*too few.*without --demo.*--tables FOLDER"):
        example.main()
    assert capsys.readouterr().out == ""
