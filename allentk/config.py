"""Settings: arguments first, then the environment, then one file, then defaults.

=============== ====================== =========================================
setting         environment            default
=============== ====================== =========================================
``cache_dir``   ``ALLENTK_CACHE_DIR``  the system's cache folder, ``allentk``
``offline``     ``ALLENTK_OFFLINE``    false
``jobs``        ``ALLENTK_JOBS``       the number of processors
=============== ====================== =========================================

The file is ``config.toml`` in the system's configuration folder for ``allentk``
(``allentk doctor`` prints where), or the one that ``ALLENTK_CONFIG`` names.
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from allentk.errors import ConfigError

__all__ = ["Settings", "config_path", "settings"]

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"", "0", "false", "no", "off"}


@dataclass(frozen=True, slots=True)
class Settings:
    """What a session works with.

    Parameters
    ----------
    cache_dir : Path
        Where downloads are kept.
    offline : bool
        Never touch the network.
    jobs : int
        How many processes a parallel step may use.
    """

    cache_dir: Path
    offline: bool
    jobs: int


def config_path() -> Path:
    """Return where the configuration file is looked for."""
    named = os.environ.get("ALLENTK_CONFIG")
    if named:
        return Path(named)
    import platformdirs

    return Path(platformdirs.user_config_dir("allentk", appauthor=False)) / "config.toml"


def _default_cache_dir() -> Path:
    import platformdirs

    return Path(platformdirs.user_cache_dir("allentk", appauthor=False))


def _from_file() -> dict[str, Any]:
    path = config_path()
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error}; mend or remove it") from error
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}; mend or remove it") from error


def _bool(value: Any, where: str) -> bool:
    text = str(value).strip().lower()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise ConfigError(f"{where}: expected true or false, got {value!r}")


def _jobs(value: Any, where: str) -> int:
    try:
        jobs = int(value)
    except (TypeError, ValueError):
        jobs = 0
    if jobs < 1:
        raise ConfigError(f"{where}: expected a whole number of at least 1, got {value!r}")
    return jobs


def settings(
    *,
    cache_dir: str | os.PathLike[str] | None = None,
    offline: bool | None = None,
    jobs: int | None = None,
) -> Settings:
    """Return the settings in force, the arguments given taking precedence.

    Raises
    ------
    ConfigError
        Where a value makes no sense; names the variable or the file.

    Examples
    --------
    >>> settings(cache_dir="/tmp/allen", offline=True, jobs=2).jobs
    2
    """
    file = _from_file()

    def pick(name: str, argument: Any, default: Any) -> tuple[Any, str]:
        variable = f"ALLENTK_{name.upper()}"
        if argument is not None:
            return argument, name
        if variable in os.environ:
            return os.environ[variable], variable
        if name in file:
            return file[name], f"{config_path()}: {name}"
        return default, name

    folder, _ = pick("cache_dir", cache_dir, None)
    return Settings(
        cache_dir=Path(folder).expanduser() if folder else _default_cache_dir(),
        offline=_bool(*pick("offline", offline, False)),
        jobs=_jobs(*pick("jobs", jobs, os.cpu_count() or 1)),
    )
