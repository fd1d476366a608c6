"""What ``allentk doctor`` looks at."""

from __future__ import annotations

from pathlib import Path

from allentk.cli.check_engines import engines
from allentk.cli.check_packages import packages, programs
from allentk.cli.check_places import folders, other_places
from allentk.cli.check_services import services
from allentk.cli.finding import Finding
from allentk.config import settings

__all__ = ["check_all"]


def check_all(*, cache_dir: Path | None = None, offline: bool | None = None) -> list[Finding]:
    """Look at everything.

    Raises
    ------
    ConfigError
        Where a setting makes no sense; names it.
    """
    used = settings(cache_dir=cache_dir, offline=offline)
    return [
        *programs(),
        *packages(),
        *engines(),
        *folders(used),
        *other_places(used),
        *services(used.offline),
    ]
