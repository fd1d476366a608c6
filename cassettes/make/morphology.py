"""Small synthetic reconstructions."""

from __future__ import annotations

import numpy as np

from cassettes.make.truth import SEED, Cell

__all__ = ["swc"]

SEGMENT_UM, N_SEGMENTS, BRANCH_EVERY = 8.0, 14, 7


def swc(cell: Cell) -> str:
    """Return an SWC of a soma with random-walk dendrites and a stub of an axon."""
    rng = np.random.default_rng([SEED, cell.specimen_id, 10_000])
    lines = [
        "# SYNTHETIC reconstruction made by allentk's cassettes/make; no cell was traced",
        "# id,type,x,y,z,r,pid",
    ]
    nodes: list[tuple[int, np.ndarray, float, int]] = [(1, np.array([300.0, 400.0, 60.0]), 6.5, -1)]
    kinds = [3] * cell.n_dendrites + [4] * cell.has_apical + [2]
    for kind in kinds:
        direction = np.array([0.0, -1.0, 0.0]) if kind == 4 else rng.standard_normal(3)
        length = {2: 6, 3: N_SEGMENTS, 4: 3 * N_SEGMENTS}[kind]
        _grow(nodes, rng, kind, 0, direction, length, 1.2 if kind == 4 else 0.6)
    for i, (kind, xyz, radius, parent) in enumerate(nodes, start=1):
        x, y, z = xyz
        lines.append(f"{i} {kind} {x:.4f} {y:.4f} {z:.4f} {radius:.4f} {parent}")
    return "\n".join(lines) + "\n"


def _grow(
    nodes: list[tuple[int, np.ndarray, float, int]],
    rng: np.random.Generator,
    kind: int,
    start: int,
    direction: np.ndarray,
    length: int,
    radius: float,
) -> None:
    at, position = start, nodes[start][1]
    for step in range(1, length + 1):
        direction = direction / np.linalg.norm(direction) + 0.25 * rng.standard_normal(3)
        position = position + SEGMENT_UM * direction / np.linalg.norm(direction)
        radius = max(radius * 0.97, 0.12)
        nodes.append((kind, position, radius, at + 1))
        at = len(nodes) - 1
        if step % BRANCH_EVERY == 0 and step < length:
            _grow(nodes, rng, kind, at, rng.standard_normal(3), (length - step) // 2, radius * 0.8)
