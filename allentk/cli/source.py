"""Where a verb's data come from: the live service, the demo, or a file."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from allentk.cli.group import say_demo
from allentk.cli.messages import say

if TYPE_CHECKING:
    from allentk.api import BrainObservatory, CellTypes
    from allentk.data import SweepSet
    from allentk.io.sessions import Session

__all__ = ["Source", "cache_dir_option", "is_id", "source_options"]


def is_id(recording: str) -> bool:
    """Whether this names a cell in the database rather than a file.

    Examples
    --------
    >>> is_id("485909730"), is_id("cell.nwb")
    (True, False)
    """
    return recording.isascii() and recording.isdigit() and not Path(recording).exists()


@dataclass(frozen=True, slots=True)
class Source:
    """Where cells and recordings come from.

    Parameters
    ----------
    cache_dir : Path, optional
        Where downloads are kept; the setting where not given.
    offline : bool, optional
        Never touch the network; the setting where not given.
    demo : bool
        The embedded synthetic demo instead of the live service.
    """

    cache_dir: Path | None = None
    offline: bool | None = None
    demo: bool = False

    def cell_types(self) -> CellTypes:
        """Return the Cell Types Database, or the demo's."""
        from allentk.api import CellTypes, demo

        if not self.demo:
            return CellTypes(cache_dir=self.cache_dir, offline=self.offline)
        cells = demo(cache_dir=self.cache_dir).cells
        say(f"Data: {cells.source}.")
        return cells

    def observatory(self) -> BrainObservatory:
        """Return the Brain Observatory, or the demo's."""
        from allentk.api import BrainObservatory, demo

        if not self.demo:
            return BrainObservatory(cache_dir=self.cache_dir, offline=self.offline)
        observatory = demo(cache_dir=self.cache_dir).observatory
        say(f"Data: {observatory.source}.")
        return observatory

    def session(self, session: str) -> Session:
        """Return a two-photon session named by its ID, or the session of a file, of whatever kind."""
        if is_id(session):
            return self.observatory().session(int(session))
        from allentk.io import read_session

        return read_session(session)

    def sweeps(self, recording: str) -> SweepSet:
        """Return the sweeps of a cell named by its ID, or of an NWB file."""
        if is_id(recording):
            return self.cell_types().sweeps(int(recording))
        from allentk.io import read_nwb

        return read_nwb(recording)


cache_dir_option = click.option(
    "--cache-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where downloads are kept (default: see allentk cache path).",
)


def source_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a verb --demo, --cache-dir and --offline; it receives them as ``source``."""

    @click.option("--demo", is_flag=True, help="Use the embedded synthetic demo; no network.")
    @click.option(
        "--offline", is_flag=True, default=None, help="Use what is in the cache; never download."
    )
    @cache_dir_option
    @functools.wraps(command)
    def collected(
        *args: Any, cache_dir: Path | None, offline: bool | None, demo: bool, **kwargs: Any
    ) -> Any:
        if demo:
            say_demo(click.get_current_context())
        return command(*args, source=Source(cache_dir, offline, demo), **kwargs)

    return collected
