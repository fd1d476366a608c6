"""The embedded demo: the same clients, replaying a synthetic cassette without a network."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import allentk
from allentk.api.cell_types import CellTypes
from allentk.api.observatory import BrainObservatory
from allentk.api.tapes import Replay
from allentk.errors import FormatError

__all__ = ["Demo", "demo", "demo_folder"]


@dataclass(frozen=True, slots=True)
class Demo:
    """Both services of the demo. Everything they answer is SYNTHETIC.

    Parameters
    ----------
    cells : CellTypes
        Synthetic cells.
    observatory : BrainObservatory
        A synthetic session.
    """

    cells: CellTypes
    observatory: BrainObservatory

    @property
    def synthetic(self) -> bool:
        """Whether the answers are made up: always."""
        return self.cells.synthetic and self.observatory.synthetic


def demo_folder() -> Path:
    """Return where the demo's cassette lies.

    It is installed as ``allentk.cassettes``; where the package was not installed, only put on the
    path, it is ``cassettes`` beside the package.
    """
    try:
        return Path(str(resources.files("allentk.cassettes"))) / "demo"
    except ModuleNotFoundError:
        return Path(allentk.__file__).parents[1] / "cassettes" / "demo"


def demo(*, cache_dir: str | Path | None = None) -> Demo:
    """Return the embedded demo: synthetic cells and a synthetic session, without any network.

    Parameters
    ----------
    cache_dir : path, optional
        Where copies are kept, in a folder of their own; by default as `allentk.config` says.

    Raises
    ------
    FormatError
        Where the demo was not installed with the package.

    Examples
    --------
    >>> demo().cells.source  # doctest: +SKIP
    'demo cassette (synthetic)'
    """
    folder = demo_folder()
    replay = Replay(folder)
    if not replay.synthetic:
        raise FormatError(f"{folder}: the demo must be a synthetic cassette; install allentk again")
    return Demo(
        cells=CellTypes(cache_dir=cache_dir, transport=replay),
        observatory=BrainObservatory(cache_dir=cache_dir, transport=replay),
    )
