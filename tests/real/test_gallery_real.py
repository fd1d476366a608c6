"""The gallery's example on the published tables gives the scores that it states."""

from pathlib import Path

import numpy as np
import pytest

from docs.gallery import cell_classes as example

RESULTS = Path(__file__).resolve().parents[2] / "benchmarks" / "results" / "cell_classes.md"


@pytest.fixture(scope="module")
def cells(shared):
    return example.load(shared / "cell_types")


@pytest.fixture(scope="module")
def asked(cells):
    return {question: example.problem(cells, question) for question in example.QUESTIONS}


def stated(question, model):
    """Return the row of the stated scores: accuracy, sd, low, high, F1."""
    for line in RESULTS.read_text(encoding="utf-8").splitlines():
        first, *cells = [cell.strip() for cell in line.strip("|").split("|")]
        if first == question and model in cells:
            return dict(
                zip(("score", "sd", "low", "high", "f1"), map(float, cells[2:]), strict=True)
            )
    raise AssertionError(f"{RESULTS.name} has no row of {question}, {model}")


def test_the_cells_are_mice_of_one_line_each(cells):
    assert len(cells) == 1920
    assert cells["donor_id"].nunique() == 920
    assert cells.groupby("donor_id")["transgenic_line"].nunique().max() == 1


def test_no_feature_is_an_id_or_a_time_of_the_sweep(cells):
    X = example.physiology(cells)
    assert not [name for name in X if name.endswith("id") or "_t_" in name or "number" in name]
    assert not X.columns[X.nunique() < 2].tolist()
    assert cells[example.LEFT_OUT["constant"]].nunique().eq(1).all()
    date = cells["specimen_id"].rank()
    assert X.rank().corrwith(date).abs().max() < 0.5


@pytest.mark.parametrize("question", example.QUESTIONS)
def test_scores_are_the_stated_ones_and_no_luck(asked, question):
    one, row = asked[question], stated(question, "logistic")
    guesses = example.guess(example.models()["logistic"], one, seed=11)
    score = example.balanced(one.y, guesses)
    assert row["low"] <= score <= row["high"]
    assert abs(example.macro_f1(one.y, guesses) - row["f1"]) < 0.03
    null = example.permuted(one, "logistic", 3)
    assert np.all(score - null > 0.35)


@pytest.mark.parametrize("question", example.QUESTIONS)
def test_no_animal_is_on_both_sides(asked, question):
    for train, test in example.folds(asked[question], seed=0):
        assert not set(asked[question].donors[train]) & set(asked[question].donors[test])


def test_ids_give_lines_away_most_of_all_in_folds_by_cell(cells, asked):
    lines = asked["line"]
    ids = cells.loc[lines.X.index, example.LEFT_OUT["ids"]].astype(float)
    forest, alone = example.models()["forest"], lines._replace(X=ids)
    by_animal = example.balanced(lines.y, example.guess(forest, alone))
    by_cell = example.balanced(lines.y, example.guess(forest, alone, by_donor=False))
    assert by_animal > 0.2
    assert by_cell > by_animal + 0.2


def test_two_groups_are_stable_and_twelve_are_not(cells, asked):
    X, donors = example.physiology(cells), cells["donor_id"].to_numpy(int)
    assert example.stability(X, donors, 2, 0) > 0.75
    assert example.stability(X, donors, 12, 0) < 0.5
    groups = example.grouping(4).fit(X).predict(asked["line"].X)
    real, null = example.agreement(groups, asked["line"].y, asked["line"].donors, times=10)
    assert 0.25 < real < 0.45
    assert null < 0.05
