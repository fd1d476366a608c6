"""The tables of Billeh et al. that a user has: weights, delays, LGN and background.

They come with the files of the model (``build_files`` of the V1 model at portal.brain-map.org, or
github.com/kaeldai/v1_network_builder), which have no licence; the package carries none of them.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from allentk.errors import DataError, FormatError
from allentk.network.recipes.v1_lgn import Subfields
from allentk.network.recipes.v1_tables import populations

__all__ = ["BillehTables", "read_billeh_tables", "row_of"]

RECURRENT = "glif_v1_v1_edge_types.csv"
LGN_WEIGHTS = "glif_lgn_v1_edge_types.csv"
BACKGROUND = "glif_bkg_v1_edge_types.csv"
LGN_FIELDS = "lgn_params.json"
BIOPHYSICAL = "bio_weights_by_pop_pair.csv"

#: Columns of numbers that every row has.
_NUMBERS = {"syn_weight", "delay", "w_mean"}


@dataclass(frozen=True, slots=True, eq=False)
class BillehTables:
    """What the folder says.

    Parameters
    ----------
    recurrent : DataFrame
        By source and target population: ``weight_pa``, ``sigma_deg``, ``delay_ms``; means over the
        models of the target.
    lgn : Series
        Weight of a synapse of the LGN, pA, by target population.
    background : Series
        Weight of a synapse of the background, pA, by target population.
    fields : dict of Subfields
        By population.
    biophysical : DataFrame or None
        By source and target label, such as ``LIFe4Rorb``: conductances and jumps; None where the file is
        not there.
    """

    recurrent: pd.DataFrame
    lgn: pd.Series
    background: pd.Series
    fields: dict[str, Subfields]
    biophysical: pd.DataFrame | None


def read_billeh_tables(folder: str | os.PathLike[str] | None) -> BillehTables:
    """Read the tables of a folder.

    Raises
    ------
    DataError
        Without a folder, or where a file is missing.
    FormatError
        Where a file is not as expected.
    """
    where = _folder(folder)
    owner = _owners(where)
    biophysical = where / BIOPHYSICAL
    return BillehTables(
        _recurrent(where, owner),
        _by_target(where / LGN_WEIGHTS, owner),
        _by_target(where / BACKGROUND, owner),
        _fields(where / LGN_FIELDS),
        _biophysical(biophysical) if biophysical.is_file() else None,
    )


def row_of(table: Any, key: Any, file: str) -> Any:
    """Return the row of a table of the user's.

    Raises
    ------
    FormatError
        Where there is none, or several.
    """
    named = " to ".join(key) if isinstance(key, tuple) else key
    try:
        row = table.loc[key]
    except KeyError:
        raise FormatError(f"{file}: has no row {named}") from None
    if row.ndim == table.ndim:
        raise FormatError(f"{file}: has {len(row)} rows {named}; expected one")
    return row


def _folder(folder: str | os.PathLike[str] | None) -> Path:
    needed = (RECURRENT, LGN_WEIGHTS, BACKGROUND, LGN_FIELDS)
    if folder is None:
        raise DataError(
            "v1: variant 'billeh2020' needs tables=, a folder with the weights and delays of the published "
            f"model: {', '.join(needed)} (and {BIOPHYSICAL} for biophysical cells). They are made from the "
            "build files of the model (portal.brain-map.org, 'Models of the Mouse Primary Visual "
            "Cortex', or "
            "github.com/kaeldai/v1_network_builder), which may not be passed on with this package; "
            "variant='2026' needs none"
        )
    where = Path(folder)
    missing = [name for name in needed if not (where / name).is_file()]
    if missing:
        raise DataError(
            f"v1: tables={str(where)!r} lacks {', '.join(missing)}; expected {', '.join(needed)}"
        )
    return where


def _read(path: Path, columns: set[str], sep: str = " ") -> pd.DataFrame:
    try:
        table = pd.read_csv(path, sep=sep)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise FormatError(f"{path}: not a table: {error}") from error
    if not columns <= set(table):
        raise FormatError(
            f"{path}: expected the columns {sorted(columns)}, got {list(table.columns)[:12]}"
        )
    for name in sorted(columns & _NUMBERS):
        if table[name].dtype.kind not in "iuf" or not np.isfinite(table[name]).all():
            raise FormatError(f"{path}: {name} must be finite numbers in every row")
    return table


def _owners(where: Path) -> dict[str, str]:
    """Return the population of every GLIF model: the table of the background lists them in order."""
    path = where / BACKGROUND
    table = _read(path, {"target_query", "syn_weight"})
    counts = populations("billeh2020")["n_models"]
    if len(table) != counts.sum():
        raise FormatError(f"{path}: expected {counts.sum()} models, got {len(table)}")
    names = np.repeat(counts.index.to_numpy(str), counts)
    spread = table.groupby(names)["syn_weight"].nunique()
    if (spread > 1).any():
        raise FormatError(
            f"{path}: models of {spread.idxmax()} have different weights; expected the models "
            f"population by "
            f"population, as published"
        )
    return dict(zip(_models(table, path), names, strict=True))


def _models(table: pd.DataFrame, path: Path) -> pd.Series:
    ids = table["target_query"].astype(str).str.extract(r"node_type_id\s*==\s*'(\d+)'")[0]
    if ids.isna().any():
        raise FormatError(
            f"{path}: expected target_query such as node_type_id=='123', got "
            f"{table['target_query'][ids.isna()].iloc[0]!r}"
        )
    return ids


def _targets(table: pd.DataFrame, path: Path, owner: dict[str, str]) -> pd.Series:
    targets = _models(table, path).map(owner)
    if targets.isna().any():
        raise FormatError(
            f"{path}: {table['target_query'][targets.isna()].iloc[0]} is not among the models of "
            f"{BACKGROUND}"
        )
    return targets


def _by_target(path: Path, owner: dict[str, str]) -> pd.Series:
    table = _read(path, {"target_query", "syn_weight"})
    return table.groupby(_targets(table, path, owner))["syn_weight"].mean()


def _recurrent(where: Path, owner: dict[str, str]) -> pd.DataFrame:
    path = where / RECURRENT
    columns = {"target_query", "source_query", "syn_weight", "weight_sigma", "delay"}
    table = _read(path, columns)
    source = table["source_query"].astype(str).str.extract(r"pop_name\s*==\s*'(\w+)'")[0]
    keyed = table.assign(source=source, target=_targets(table, path, owner))
    means = keyed.groupby(["source", "target"])[["syn_weight", "weight_sigma", "delay"]].mean()
    return means.set_axis(["weight_pa", "sigma_deg", "delay_ms"], axis=1)


def _fields(path: Path) -> dict[str, Subfields]:
    """Return the subfields of every population; classes are named by how a population's name begins."""
    try:
        document: Any = json.loads(path.read_text())
        classes = {name: _subfields(entry) for name, entry in document.items()}
    except (
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        OverflowError,
        RecursionError,
    ) as error:
        raise FormatError(f"{path}: not the parameters of LGN connections: {error!r}") from error
    found = {
        name: next((entry for key, entry in classes.items() if name.startswith(key)), None)
        for name in populations("billeh2020").index
    }
    missing = [name for name, entry in found.items() if entry is None]
    if missing:
        raise FormatError(f"{path}: has no class for {', '.join(missing)}; got {list(classes)}")
    return {name: entry for name, entry in found.items() if entry is not None}


def _subfields(entry: dict[str, float]) -> Subfields:
    found = Subfields(
        float(entry["probability"]),
        float(entry["poissonParameter"]),
        float(entry["sON_ratio"]),
        (float(entry["centers_d_min"]), float(entry["centers_d_max"])),
        (float(entry["ON_OFF_w_min"]), float(entry["ON_OFF_w_max"])),
        (float(entry["aspectRatio_min"]), float(entry["aspectRatio_max"])),
        int(entry["N_syn"]),
    )
    ranges = (found.distance_deg, found.width_deg, found.aspect)
    sound = (
        0 <= found.chance <= 1
        and 0 <= found.on_share <= 1
        and (found.chance == 0 or 1e-3 < found.frequency < 1e3)
        and all(0 <= low <= high < np.inf for low, high in ranges)
        and 0 <= found.n_synapses < 1 << 16
    )
    if not sound:
        raise ValueError(f"numbers out of range: {found}")
    return found


def _biophysical(path: Path) -> pd.DataFrame:
    columns = {"source_label", "target_label", "w_mean", "delay", "params", "wsigma", "dist", "sec"}
    table = _read(path, columns, sep=",")
    return table.set_index(["source_label", "target_label"])
