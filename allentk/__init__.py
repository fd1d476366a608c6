"""allentk: from a cell's ID to a fitted model, a network, and a report against the Observatory.

>>> import allentk as atk

Names are loaded on first use, so that importing the package stays light.
"""

from __future__ import annotations

import importlib
from typing import Any

from allentk._version import __version__

_NAMES = {}

__all__ = ["__version__", *_NAMES]


def __getattr__(name: str) -> Any:
    if name not in _NAMES:
        raise AttributeError(f"module 'allentk' has no attribute {name!r}")
    module, _, attribute = _NAMES[name].partition(":")
    loaded = importlib.import_module(module)
    value = getattr(loaded, attribute) if attribute else loaded
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(set(__all__) | set(globals()))
