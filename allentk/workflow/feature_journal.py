"""A measured cell as a line of the journal, and back."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
from numpy.typing import NDArray

from allentk.workflow.feature_cell import ROW_COLUMNS, Measured
from allentk.workflow.table_files import Record

__all__ = ["read", "written"]

_FLOAT = "<f8"


def written(definition: str, cell: Measured) -> Record:
    """Return a cell, and whose rules it was measured by, in JSON's own types."""
    return {
        "definition": definition,
        "source": cell.source,
        "synthetic": cell.synthetic,
        "row": cell.row,
        "sweep_errors": cell.sweep_errors,
        "quality": cell.quality,
        "vectors": None if cell.vectors is None else _packed(cell.vectors),
    }


def read(document: Record) -> tuple[str, Measured]:
    """Return whose rules a cell was measured by, and the cell.

    Raises
    ------
    ValueError, KeyError, TypeError, AttributeError
        On a document that is none of `written`.
    """
    row = document["row"]
    if set(row) != set(ROW_COLUMNS):
        raise ValueError(f"expected the {len(ROW_COLUMNS)} columns of a cell, got {list(row)}")
    vectors, quality = document["vectors"], document["quality"]
    return str(document["definition"]), Measured(
        row=row,
        sweep_errors=[
            {"number": int(each["number"]), "error": str(each["error"])}
            for each in document["sweep_errors"]
        ],
        source=str(document["source"]),
        synthetic=bool(document["synthetic"]),
        quality=None if quality is None else [dict(each) for each in quality],
        vectors=None if vectors is None else _unpacked(vectors),
    )


def _packed(vectors: dict[str, NDArray[np.float64]]) -> dict[str, str]:
    return {
        name: base64.b64encode(vector.astype(_FLOAT).tobytes()).decode()
        for name, vector in vectors.items()
    }


def _unpacked(packed: dict[str, Any]) -> dict[str, NDArray[np.float64]]:
    return {
        str(name): np.frombuffer(base64.b64decode(text, validate=True), _FLOAT).astype(np.float64)
        for name, text in packed.items()
    }
