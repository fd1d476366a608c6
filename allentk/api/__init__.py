"""Services to cache to values: a cell's or a session's id becomes a value, fetched once.

How to ask is a transport: `Live` (the network), `Offline` (refuses), `Record` and `Replay` (a
cassette). Names are loaded on first use, so that the cache can be listed without pandas.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from allentk.api.cache import Cache as Cache
    from allentk.api.cache import Entry as Entry
    from allentk.api.cell_types import CellTypes as CellTypes
    from allentk.api.embedded import Demo as Demo
    from allentk.api.embedded import demo as demo
    from allentk.api.neuropixels import Neuropixels as Neuropixels
    from allentk.api.observatory import BrainObservatory as BrainObservatory
    from allentk.api.patch_seq import PatchSeq as PatchSeq
    from allentk.api.s3 import Bucket as Bucket
    from allentk.api.tapes import Record as Record
    from allentk.api.tapes import Replay as Replay
    from allentk.api.transport import Live as Live
    from allentk.api.transport import Offline as Offline
    from allentk.api.visual_behavior import VisualBehavior as VisualBehavior

_NAMES = {
    "BrainObservatory": "observatory",
    "Bucket": "s3",
    "Cache": "cache",
    "CellTypes": "cell_types",
    "Demo": "embedded",
    "Entry": "cache",
    "Live": "transport",
    "Neuropixels": "neuropixels",
    "Offline": "transport",
    "PatchSeq": "patch_seq",
    "Record": "tapes",
    "Replay": "tapes",
    "VisualBehavior": "visual_behavior",
    "demo": "embedded",
}

__all__ = [
    "BrainObservatory",
    "Bucket",
    "Cache",
    "CellTypes",
    "Demo",
    "Entry",
    "Live",
    "Neuropixels",
    "Offline",
    "PatchSeq",
    "Record",
    "Replay",
    "VisualBehavior",
    "demo",
]


def __getattr__(name: str) -> Any:
    if name not in _NAMES:
        raise AttributeError(f"module 'allentk.api' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"allentk.api.{_NAMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(set(__all__) | set(globals()))
