"""Values of a network as plain JSON and arrays, and back: what SONATA has no place for.

Only frozen dataclasses of this package are written and made again, by their own constructors, which check
what they get. Arrays go into a file of their own; the JSON names them.
"""

from __future__ import annotations

import importlib
import math
import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.errors import DataError, FormatError

__all__ = ["Arrays", "decoded", "encoded"]

Arrays = dict[str, NDArray[Any]]

#: Modules whose dataclasses are values of a network.
_HOME = re.compile(r"allentk\.(network|data|models)(\.[a-z][a-z0-9_]*)+")


def encoded(value: Any, name: str, arrays: Arrays) -> Any:
    """Return a value as JSON; its arrays are put into `arrays` under names that begin with `name`.

    Raises
    ------
    DataError
        Where it, or something in it, is not one of the package's own values.

    Examples
    --------
    >>> from allentk.network import Receptor
    >>> encoded(Receptor(0.002, 1), "r", {})["fields"]["tau_s"]
    0.002
    """
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else {"float": repr(float(value))}
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        arrays[name] = value
        return {"array": name}
    if isinstance(value, tuple | list):
        held = [encoded(one, f"{name}.{k}", arrays) for k, one in enumerate(value)]
        return {"list" if isinstance(value, list) else "tuple": held}
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {
            "mapping": {key: encoded(one, f"{name}.{key}", arrays) for key, one in value.items()}
        }
    if isinstance(value, pd.DataFrame):
        columns = {str(key): _column(value[key]) for key in value}
        return {
            "table": {key: encoded(one, f"{name}.{key}", arrays) for key, one in columns.items()}
        }
    return _dataclass(value, name, arrays)


def _column(column: pd.Series) -> Any:
    values = column.to_numpy()
    return values if values.dtype.kind in "biuf" else [str(one) for one in values]


def _dataclass(value: Any, name: str, arrays: Arrays) -> Any:
    kind = type(value)
    if not is_dataclass(value) or not _HOME.fullmatch(kind.__module__) or "." in kind.__qualname__:
        raise DataError(
            f"{name}: a {kind.__module__}.{kind.__qualname__} cannot be saved; only values of allentk "
            f"can. Replace the source by its spikes: Population(..., source=Replay(trains))"
        )
    held = {
        field.name: encoded(getattr(value, field.name), f"{name}.{field.name}", arrays)
        for field in fields(value)
        if field.init
    }
    return {"value": f"{kind.__module__}:{kind.__qualname__}", "fields": held}


def decoded(document: Any, arrays: Mapping[str, NDArray[Any]], where: str) -> Any:
    """Return the value of which `encoded` made the document.

    Raises
    ------
    FormatError
        Where it was not made by `encoded`, or an array is missing.
    """
    if document is None or isinstance(document, bool | str | int | float):
        return document
    if isinstance(document, Mapping):
        for key, make in _MAKERS.items():
            if key in document:
                try:
                    return make(document, arrays, where)
                except (KeyError, TypeError, ValueError, AttributeError) as error:
                    if isinstance(error, FormatError):
                        raise
                    raise FormatError(
                        f"{where}: {key} {str(document[key])!r:.60} cannot be made again "
                        f"({type(error).__name__}: {error})"
                    ) from error
    raise FormatError(f"{where}: expected a value that allentk wrote, got {document!r:.80}")


def _made(document: Any, arrays: Mapping[str, NDArray[Any]], where: str) -> Any:
    home, _, name = str(document["value"]).partition(":")
    if not _HOME.fullmatch(home) or not name.isidentifier() or name.startswith("_"):
        raise FormatError(f"{where}: {document['value']!r:.80} is no value of a network")
    try:
        kind = getattr(importlib.import_module(home), name, None)
    except ImportError as error:
        raise FormatError(f"{where}: there is no {document['value']!r:.80}") from error
    if not (isinstance(kind, type) and is_dataclass(kind) and kind.__module__ == home):
        raise FormatError(f"{where}: {document['value']!r:.80} is no value of a network")
    return kind(**{k: decoded(v, arrays, where) for k, v in document["fields"].items()})


def _table(document: Any, arrays: Mapping[str, NDArray[Any]], where: str) -> pd.DataFrame:
    return pd.DataFrame({k: decoded(v, arrays, where) for k, v in document["table"].items()})


_MAKERS = {
    "value": _made,
    "array": lambda document, arrays, _: arrays[document["array"]],
    "float": lambda document, *_: float(document["float"]),
    "tuple": lambda document, arrays, where: tuple(
        decoded(one, arrays, where) for one in document["tuple"]
    ),
    "list": lambda document, arrays, where: [
        decoded(one, arrays, where) for one in document["list"]
    ],
    "mapping": lambda document, arrays, where: {
        key: decoded(one, arrays, where) for key, one in document["mapping"].items()
    },
    "table": _table,
}
