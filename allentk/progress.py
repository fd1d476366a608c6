"""One progress bar for downloads, fits and runs; silent where nobody watches."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sized
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from tqdm import tqdm

__all__ = ["bar", "track"]

T = TypeVar("T")

#: Set by the command line's --quiet; a library user passes ``progress=False`` instead.
quiet = False


def _shown(progress: bool | None) -> bool:
    return (not quiet and sys.stderr.isatty()) if progress is None else progress


def bar(
    description: str, *, total: float | None = None, unit: str = "it", progress: bool | None = None
) -> tqdm[Any]:
    """Return a progress bar to be advanced by ``update(n)`` and left by ``with``.

    Parameters
    ----------
    description : str
        What is being done, in a few words.
    total : float, optional
        How much there is to do, in `unit`.
    unit : str
        ``"B"`` is shown in powers of 1000.
    progress : bool, optional
        True or False shows or hides it; by default it shows only on a terminal.
    """
    from tqdm.auto import tqdm

    return tqdm(
        total=total,
        desc=description,
        unit=unit,
        unit_scale=unit == "B",
        disable=not _shown(progress),
        leave=False,
    )


def track(
    items: Iterable[T],
    description: str,
    *,
    total: int | None = None,
    progress: bool | None = None,
) -> Iterator[T]:
    """Yield `items` under a progress bar.

    Examples
    --------
    >>> list(track([1, 2, 3], "counting", progress=False))
    [1, 2, 3]
    """
    if total is None and isinstance(items, Sized):
        total = len(items)
    with bar(description, total=total, progress=progress) as shown:
        for item in items:
            yield item
            shown.update(1)
