"""The references that come with allentk."""

from __future__ import annotations

import json
from importlib.resources import files

from allentk.benchmark.reference import Reference
from allentk.errors import DataError

__all__ = ["load_reference", "reference_names"]


def reference_names() -> tuple[str, ...]:
    """Return the names of the references that come with allentk."""
    folder = files("allentk.benchmark") / "references"
    found = (entry.name for entry in folder.iterdir())
    return tuple(
        sorted(n.removesuffix(".json").replace("_", "-") for n in found if n.endswith(".json"))
    )


def load_reference(name: str = "v1-neuropixels") -> Reference:
    """Return a reference that comes with allentk.

    Parameters
    ----------
    name : str
        ``"v1-neuropixels"``: drifting gratings of 2 Hz and contrast 0.8 in mouse V1, Visual Coding
        Neuropixels.

    Raises
    ------
    DataError
        For an unknown name.

    Examples
    --------
    >>> load_reference("v1-neuropixels").stimulus
    'drifting_gratings'
    """
    known = reference_names()
    if name not in known:
        raise DataError(f"load_reference: no reference {name!r}; there are {known}")
    path = files("allentk.benchmark") / "references" / f"{name.replace('-', '_')}.json"
    return Reference.from_dict(json.loads(path.read_text(encoding="utf-8")))
