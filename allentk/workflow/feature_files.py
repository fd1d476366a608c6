"""A batch of features in files: CSV, JSON or Parquet, and what belongs beside them."""

from __future__ import annotations

import json
import os
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from allentk.atomic import whole, write_text
from allentk.errors import ConfigError, MissingExtraError
from allentk.workflow.table_files import Record, document_of, write_csv, write_if_any

if TYPE_CHECKING:
    from allentk.workflow.feature_batch import FeatureBatch

__all__ = ["SUFFIXES", "beside", "document", "target_of", "write_batch"]

#: What a table may be written as.
SUFFIXES = (".csv", ".json", ".parquet")


def target_of(out: str | os.PathLike[str]) -> Path:
    """Return where to write, before anything is measured for it.

    Raises
    ------
    ConfigError
        Where the suffix is not one of `SUFFIXES`.
    MissingExtraError
        Where Parquet is asked for without pyarrow.
    """
    path = Path(out)
    if path.suffix.lower() not in SUFFIXES:
        raise ConfigError(f"out: expected a file ending in {', '.join(SUFFIXES)}, got {path}")
    if path.suffix.lower() == ".parquet" and find_spec("pyarrow") is None:
        raise MissingExtraError.for_extra("parquet", f"writing {path}")
    return path


def beside(out: Path, what: str) -> Path:
    """Return where a further table lies.

    Examples
    --------
    >>> beside(Path("features.csv"), "errors.csv").name
    'features_errors.csv'
    """
    return out.with_name(f"{out.stem}_{what}")


def document(batch: FeatureBatch) -> Record:
    """Return a batch in JSON's own types, what it was made by first."""
    tables = {"features": batch.features, "sweep_errors": batch.sweep_errors}
    tables["errors"] = batch.errors
    if batch.quality is not None:
        tables["quality"] = batch.quality
    return document_of(batch.metadata, **tables)


def write_batch(batch: FeatureBatch, out: Path) -> tuple[Path, ...]:
    """Write a batch, each file whole, and return the files.

    The tables of errors are written where there are any, and older ones removed where there are none.
    """
    _write_features(batch, out)
    written = [out]
    written += write_if_any(batch.errors, beside(out, "errors.csv"))
    written += write_if_any(batch.sweep_errors, beside(out, "sweep_errors.csv"))
    if batch.quality is not None:
        written.append(write_csv(batch.quality, beside(out, "quality.csv")))
    if batch.vectors is not None:
        written.append(_write_vectors(batch, beside(out, "vectors.npz")))
    return tuple(written)


def _write_features(batch: FeatureBatch, out: Path) -> None:
    kind = out.suffix.lower()
    if kind == ".csv":
        write_csv(batch.features, out)
    elif kind == ".json":
        text = json.dumps(document(batch), indent=1, ensure_ascii=False, allow_nan=False)
        write_text(out, text + "\n")
    else:
        with whole(out) as part:
            batch.features.to_parquet(part, engine="pyarrow", index=False)


def _write_vectors(batch: FeatureBatch, file: Path) -> Path:
    cells = batch.features
    names = cells["specimen_id"].astype("string").fillna(cells["source"])
    arrays: dict[str, Any] = {
        **(batch.vectors or {}),
        "ids": np.array(names, dtype=np.str_),
        "synthetic": cells["synthetic"].to_numpy(bool),
    }
    with whole(file) as part, part.open("wb") as binary:
        np.savez_compressed(binary, **arrays)
    return file
