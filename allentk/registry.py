"""Writers of the higher rooms, found by name and loaded on use.

A value in a lower room never imports the room that draws or stores it. Its thin method
(``result.to_html``) asks here, and the one table below says who does the work.
"""

from __future__ import annotations

import importlib
from typing import Any

__all__ = ["WRITERS", "call"]

WRITERS = {
    "benchmark.to_html": "allentk.report:write_report",
    "comparison.to_html": "allentk.report:write_comparison",
    "network.save": "allentk.network.sonata_write:write_network",
    "sweeps.save": "allentk.io.nwb_writer:write_nwb",
}


def call(name: str, *args: Any, **kwargs: Any) -> Any:
    """Call the writer registered as `name` with the given arguments."""
    module, _, function = WRITERS[name].partition(":")
    return getattr(importlib.import_module(module), function)(*args, **kwargs)
