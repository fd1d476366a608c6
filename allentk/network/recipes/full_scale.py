"""A part of a model beside the whole: connections per cell."""

from __future__ import annotations

import pandas as pd

from allentk.errors import DataError
from allentk.network.network import Network

__all__ = ["compare_with_full_scale"]


def compare_with_full_scale(network: Network, full_scale: pd.DataFrame) -> pd.DataFrame:
    """Return connections per cell as built beside those expected at full scale.

    Parameters
    ----------
    network : Network
        A part of a model, as a recipe builds it.
    full_scale : DataFrame
        What is expected of the whole: ``source``, ``target`` and ``in_degree`` of pairs of populations,
        such as ``layer4_in_degrees`` returns.

    Returns
    -------
    DataFrame
        One row per pair of populations that both know: ``source``, ``target``, ``n_edges``,
        ``in_degree``, ``full_scale`` and their ``ratio``; and one per target and all sources together,
        named ``"all"``.

    Raises
    ------
    DataError
        Where `full_scale` lacks a column, or knows none of the pairs.

    Examples
    --------
    >>> from allentk.network import recipes
    >>> network = recipes.layer4(scale=0.002)
    >>> table = recipes.compare_with_full_scale(network, recipes.layer4_in_degrees("LL", n_targets=20))
    >>> table[table["source"] == "all"]["ratio"].round(1).tolist()
    [0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]
    """
    wanted = {"source", "target", "in_degree"}
    if not wanted <= set(full_scale):
        raise DataError(
            f"compare_with_full_scale: expected the columns {sorted(wanted)}, got "
            f"{list(full_scale.columns)}; take those of layer4_in_degrees"
        )
    expected = full_scale.set_index(["source", "target"])["in_degree"]
    built: dict[tuple[str, str], int] = {}
    for projection in network.projections:
        pair = (projection.source, projection.target)
        if pair in expected.index:
            built[pair] = built.get(pair, 0) + projection.n_edges
    if not built:
        raise DataError(
            f"compare_with_full_scale: {network!r} has none of the pairs of populations of the table"
        )
    cells = {population.name: len(population) for population in network.populations}
    table = pd.DataFrame(
        [(*pair, n, n / cells[pair[1]], float(expected[pair])) for pair, n in built.items()],
        columns=["source", "target", "n_edges", "in_degree", "full_scale"],
    )
    sums = table.groupby("target", sort=False)[["n_edges", "in_degree", "full_scale"]].sum()
    whole = pd.concat([table, sums.reset_index().assign(source="all")], ignore_index=True)
    return whole.assign(ratio=whole["in_degree"] / whole["full_scale"])
