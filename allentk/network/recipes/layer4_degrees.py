"""How many connections cells of the layer 4 model have, without building it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from allentk.errors import DataError
from allentk.network.building import expected_in_degree
from allentk.network.recipes.layer4_cells import layer4_models
from allentk.network.recipes.layer4_numbers import KINDS, VARIANTS
from allentk.network.recipes.layer4_populations import Part, layer4_populations

__all__ = ["check_variant", "layer4_in_degrees"]


def layer4_in_degrees(
    variant: str = "LL",
    *,
    scale: float = 1.0,
    rule: str = "radius",
    n_targets: int = 200,
    seed: int = 0,
) -> pd.DataFrame:
    """Return how many connections cells of the layer have from each other in the mean over all seeds.

    Parameters
    ----------
    variant, scale, rule
        As ``layer4`` takes them; by default the full scale.
    n_targets : int
        Cells of every population that are looked at.
    seed : int
        Draws where the cells are.

    Returns
    -------
    DataFrame
        One row per pair of populations: ``source``, ``target``, ``in_degree`` (mean over the targets),
        and ``n_edges``, that times the number of targets.

    Raises
    ------
    DataError
        On an unknown variant or rule, a scale out of range, or no target.

    Examples
    --------
    >>> from allentk.network import recipes
    >>> few = recipes.layer4_in_degrees(scale=0.01, n_targets=10)
    >>> sorted(few.columns), len(few)
    (['in_degree', 'n_edges', 'source', 'target'], 49)
    """
    check_variant(variant)
    if n_targets < 1:
        raise DataError(f"layer4_in_degrees: n_targets must be 1 or more, got {n_targets}")
    made = layer4_populations(
        Part.of(scale, rule), layer4_models(None), np.random.default_rng(seed)
    )
    chances, _ = VARIANTS[variant]
    rows = []
    for pre in KINDS:
        for post in KINDS:
            source, target = made[pre.name], made[post.name]
            # By distance from the middle, which is what the number of connections follows.
            order = np.argsort(np.hypot(target.nodes["x_um"], target.nodes["y_um"]).to_numpy())
            steps = (np.arange(n_targets) + 0.5) / n_targets * len(target)
            some = np.unique(order[steps.astype(np.int64)])
            law = chances[pre.excitatory, post.excitatory]
            degree = float(expected_in_degree(source, target, law, targets=some).mean())
            rows.append((pre.name, post.name, degree, degree * len(target)))
    return pd.DataFrame(rows, columns=["source", "target", "in_degree", "n_edges"])


def check_variant(variant: str) -> None:
    """Refuse an unknown variant.

    Raises
    ------
    DataError
    """
    if variant not in VARIANTS:
        raise DataError(f"layer4: variant must be one of {', '.join(VARIANTS)}, got {variant!r}")
