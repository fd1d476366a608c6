"""Published ranges of features: how far cells of one kind spread in the Cell Types Database."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from allentk.errors import DataError

__all__ = ["FEATURES", "FORMAT", "Range", "Ranges", "load_ranges"]

FORMAT = "allentk-ranges-1"

#: Main columns of ``features.cell``: name for people, published unit, decimals shown; in order of display.
FEATURES = {
    "vrest": ("resting potential", "mV", 1),
    "ri": ("input resistance", "MΩ", 0),
    "tau": ("time constant", "ms", 1),
    "sag": ("sag", "fraction", 3),
    "threshold_i_long_square": ("rheobase", "pA", 0),
    "threshold_v_long_square": ("spike threshold", "mV", 1),
    "peak_v_long_square": ("spike peak", "mV", 1),
    "fast_trough_v_long_square": ("fast trough", "mV", 1),
    "upstroke_downstroke_ratio_long_square": ("upstroke / downstroke", "ratio", 2),
    "f_i_curve_slope": ("f–I slope", "spikes/s/pA", 3),
    "latency": ("latency", "s", 3),
    "avg_isi": ("mean interval", "ms", 1),
    "adaptation": ("adaptation", "index", 3),
}


@dataclass(frozen=True, slots=True)
class Range:
    """The 5th, 50th and 95th percentile of one feature over `n` cells."""

    n: int
    q05: float
    q50: float
    q95: float

    def place(self, value: float) -> str:
        """Return ``"in range"``, ``"below"`` or ``"above"``; empty for NaN.

        Examples
        --------
        >>> Range(100, -80.0, -70.0, -60.0).place(-85.0)
        'below'
        """
        if math.isnan(value):
            return ""
        if value < self.q05:
            return "below"
        return "above" if value > self.q95 else "in range"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranges:
    """Ranges by dendrite type (``"spiny"``, ``"aspiny"``...) and feature, and where they come from."""

    source: str
    license: str
    filters: tuple[str, ...]
    n_cells: Mapping[str, int]
    of: Mapping[str, Mapping[str, Range]]

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Ranges:
        """Return the ranges in the content of a file.

        Raises
        ------
        DataError
            Where the content is not of this format.
        """
        if content.get("format") != FORMAT:
            raise DataError(
                f"Ranges: expected the format {FORMAT!r}, got {content.get('format')!r}"
            )
        kinds: Mapping[str, Any] = content["dendrite_types"]
        return cls(
            source=content["source"],
            license=content["license"],
            filters=tuple(content["filters"]),
            n_cells={kind: of["n_cells"] for kind, of in kinds.items()},
            of={
                kind: {name: Range(**numbers) for name, numbers in of["features"].items()}
                for kind, of in kinds.items()
            },
        )


def load_ranges() -> Ranges:
    """Return the published ranges that come with allentk: mouse cells, by dendrite type.

    References
    ----------
    Allen Cell Types Database, celltypes.brain-map.org; Gouwens et al. 2019, Nature Neuroscience
    22:1182.

    Examples
    --------
    >>> sorted(load_ranges().of)
    ['aspiny', 'sparsely spiny', 'spiny']
    """
    text = (files("allentk.report") / "published_ranges.json").read_text(encoding="utf-8")
    return Ranges.from_dict(json.loads(text))
