"""Numbers of networks in words: sizes, counts, and what is expected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from allentk.cli.messages import count, say

if TYPE_CHECKING:
    from allentk.workflow.network_estimates import Estimate

__all__ = ["expected", "many", "room_for", "size"]


def size(n_bytes: float) -> str:
    """Return a size to read.

    Examples
    --------
    >>> size(1_530_000_000), size(52_000_000), size(900)
    ('1.5 GB', '52 MB', '1 kB')
    """
    for unit, per in (("GB", 1e9), ("MB", 1e6)):
        if n_bytes >= per:
            return (
                f"{n_bytes / per:.1f} {unit}"
                if n_bytes < 10 * per
                else f"{n_bytes / per:.0f} {unit}"
            )
    return f"{max(n_bytes, 1000) / 1e3:.0f} kB"


def many(n: float, what: str) -> str:
    """Return a count to read, about three digits of it.

    Examples
    --------
    >>> many(1_234_567, "edge"), many(156, "edge"), many(1, "cell")
    ('1.23 million edges', '156 edges', '1 cell')
    """
    if n >= 1e6:
        return f"{n / 1e6:.3g} million {what}s"
    return count(round(n), what) if n < 1e4 else f"{round(n, -3 if n >= 1e5 else -2):,.0f} {what}s"


def expected(estimate: Estimate) -> None:
    """Say what is going to be built, and what it takes."""
    say(
        f"Expected: {many(estimate.n_cells, 'cell')}, {many(estimate.n_virtual, 'virtual node')}, about "
        f"{many(estimate.n_edges, 'edge')}; about {size(estimate.build_bytes)} of memory, "
        f"{size(estimate.disk_bytes)} on disk."
    )


def room_for(n_bytes: float, there: int | None, what: str = "of memory") -> None:
    """Note where more is expected than this machine has."""
    if there is not None and n_bytes > there:
        say(f"Note: this machine has {size(there)} {what}; this may not fit in.")
