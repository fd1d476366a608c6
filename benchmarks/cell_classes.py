"""How well published features tell cell classes apart: the gallery's example, with more repeats.

Run ``python -m benchmarks.cell_classes --tables FOLDER``, the folder with the two published tables (or
leave it out to download them); it writes ``benchmarks/results/cell_classes.md`` in about six minutes.
"""

from __future__ import annotations

import argparse
import platform
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import sklearn
from sklearn.metrics import confusion_matrix

from allentk.progress import track
from docs.gallery import cell_classes as example

RESULTS = Path(__file__).parent / "results" / "cell_classes.md"
REPEATS, PERMUTATIONS, HALVINGS = 5, 99, 10


def markdown(table: pd.DataFrame) -> list[str]:
    """Return a table's lines."""
    rows = [
        [f"{x:.3f}" if isinstance(x, float) else str(x) for x in row]
        for row in table.itertuples(index=False)
    ]
    head = [list(map(str, table.columns)), ["---"] * table.shape[1]]
    return [f"| {' | '.join(row)} |" for row in [*head, *rows]]


def scores(asked: dict[str, example.Problem]) -> pd.DataFrame:
    """Score every model on every question."""
    pairs = [(question, name) for question in asked for name in example.models()]
    rows = []
    for question, name in track(pairs, "models"):
        size = {"question": question, "classes": len(set(asked[question].y))}
        rows.append(size | example.evaluate(asked[question], name, REPEATS))
    return pd.DataFrame(rows)


def chances(asked: dict[str, example.Problem]) -> pd.DataFrame:
    """Score the logistic model on swapped labels."""
    rows = []
    for question, one in track(list(asked.items()), "swapped labels"):
        null = example.permuted(one, "logistic", PERMUTATIONS)
        score = example.balanced(one.y, example.guess(example.models()["logistic"], one))
        p = example.p_value(score, null)
        spread = {"mean": null.mean(), "sd": null.std(), "most": null.max(), "p": p}
        rows.append({"question": question, "score": score} | spread)
    return pd.DataFrame(rows)


def leaks(table: pd.DataFrame, asked: example.Problem) -> pd.DataFrame:
    """Score the forest with the columns that are no physiology, by both kinds of fold."""
    groups = ("times", "quality", "ids")
    extra = {
        name: table.loc[asked.X.index, example.LEFT_OUT[name]].astype(float) for name in groups
    }
    inputs = {"physiology": asked.X}
    inputs |= {f"physiology and {k}": pd.concat([asked.X, extra[k]], axis=1) for k in groups}
    inputs |= {"ids alone": extra["ids"]}
    forest, rows = example.models()["forest"], []
    for name, X in track(list(inputs.items()), "columns left out"):
        row: dict[str, Any] = {"columns": name}
        for folds, by_donor in (("folds by animal", True), ("folds by cell", False)):
            tries = [
                example.guess(forest, asked._replace(X=X), seed, by_donor=by_donor)
                for seed in range(3)
            ]
            row[folds] = np.mean([example.balanced(asked.y, one) for one in tries])
        rows.append(row)
    return pd.DataFrame(rows)


def recalls(asked: example.Problem) -> pd.DataFrame:
    """Say of each class how much of it is found, and what it is mostly taken for."""
    names = np.unique(asked.y)
    counted = confusion_matrix(asked.y, example.guess(example.models()["forest"], asked))
    share = counted / counted.sum(axis=1, keepdims=True)
    wrong = share - np.diag(np.diag(share))
    taken = np.where(wrong.any(axis=1), names[wrong.argmax(axis=1)], "none")
    return pd.DataFrame(
        {
            "class": [name.replace("|", " and ") for name in names],
            "cells": counted.sum(axis=1),
            "recall": np.diag(share),
            "mostly taken for": [name.replace("|", " and ") for name in taken],
            "share": wrong.max(axis=1),
        }
    )


def groups(table: pd.DataFrame, lines: example.Problem) -> pd.DataFrame:
    """Measure every number of groups."""
    X = example.physiology(table)
    found = example.group_counts(X, table["donor_id"].to_numpy(int), range(2, 16), HALVINGS)
    shared = {}
    for count in track(list(found.index), "groups"):
        fitted = example.grouping(count).fit(X).predict(lines.X)
        shared[count] = example.agreement(fitted, lines.y, lines.donors)
    found["shared with lines"] = [shared[count][0] for count in found.index]
    found["swapped, at most"] = [shared[count][1] for count in found.index]
    return found.reset_index().astype({"groups": object})


def report(table: pd.DataFrame) -> list[str]:
    """Measure everything and return the page's lines."""
    asked = {question: example.problem(table, question) for question in example.QUESTIONS}
    sizes = [
        f"{k}: {len(v.y)} cells of {len(set(v.donors))} animals in {len(set(v.y))} classes"
        for k, v in asked.items()
    ]
    return [
        "# How well published features tell cell classes apart",
        "",
        f"Written by `benchmarks/cell_classes.py` on {pd.Timestamp.now():%Y-%m-%d} from the published "
        f"tables of the Allen Cell Types Database: {len(table)} mouse cells of "
        f"{table['donor_id'].nunique()} animals, {asked['line'].X.shape[1]} features. "
        f"{'; '.join(sizes)}. scikit-learn {sklearn.__version__}, numpy {np.__version__}, pandas "
        f"{pd.__version__}, Python {platform.python_version()}.",
        "",
        f"Five folds, no animal on both sides, seeds 0 to {REPEATS - 1}. `sd` is over these repeats; "
        "`low` and `high` are the 95 % interval of balanced accuracy (seed 0) when animals are drawn "
        "again.",
        "",
        *markdown(scores(asked)),
        "",
        f"## Labels swapped between animals ({PERMUTATIONS} times, logistic model)",
        "",
        *markdown(chances(asked)),
        "",
        "## Cre lines with the columns that are no physiology (forest, seeds 0 to 2)",
        "",
        *markdown(leaks(table, asked["line"])),
        "",
        "## Classes one by one (forest, seed 0)",
        "",
        *markdown(recalls(asked["class"])),
        "",
        *markdown(recalls(asked["line"])),
        "",
        f"## Groups that form by themselves ({HALVINGS} halvings of the animals)",
        "",
        "`stability` is the adjusted Rand index of two halves, `shared with lines` the adjusted mutual "
        "information with Cre lines, beside the most of 100 swaps.",
        "",
        *markdown(groups(table, asked["line"])),
    ]


def main() -> None:
    """Write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=Path)
    lines = report(example.load(parser.parse_args().tables))
    RESULTS.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
