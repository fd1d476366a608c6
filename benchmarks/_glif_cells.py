"""Published GLIF models and SYNTHETIC currents for the benchmarks of the simulator."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["DT_S", "around_rheobase", "published"]

DT_S = 5e-5
_BESIDE = Path(__file__).resolve().parents[2] / "shared"


def published() -> list[tuple[str, dict[str, Any]]]:
    """Return the configurations of 50 cells and their names, found by ALLENTK_SHARED."""
    shared = Path(os.environ.get("ALLENTK_SHARED") or _BESIDE)
    path = shared / "data" / "models" / "glif" / "teeter2018_50cells_config.json"
    cells = json.loads(path.read_text(encoding="utf-8"))
    return [
        (f"{specimen} GLIF{level}", models[f"GLIF{level}"]["neuron_config"])
        for specimen, models in cells.items()
        for level in range(1, 6)
        if f"GLIF{level}" in models
    ]


def around_rheobase(rheobase_pa: float, n_steps: int, seed: int) -> NDArray[np.float64]:
    """Return noise of 5 ms around 1.4 times rheobase in pA, after 0.1 s of nothing."""
    rng = np.random.default_rng(seed)
    slow = np.convolve(rng.normal(size=n_steps), np.full(100, 0.1), mode="same")
    current: NDArray[np.float64] = rheobase_pa * (1.4 + 0.6 * slow)
    current[:2000] = 0.0
    return current
