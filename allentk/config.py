"""Settings: arguments first, then the environment, then one file, then defaults.

=================== =========================== ==================================================
setting             environment                 default
=================== =========================== ==================================================
``cache_dir``       ``ALLENTK_CACHE_DIR``       the system's cache folder, ``allentk``
``offline``         ``ALLENTK_OFFLINE``         false
``jobs``            ``ALLENTK_JOBS``            the number of processors
``shared_cache``    ``ALLENTK_SHARED_CACHE``    none: read-only caches that are looked into first
``allensdk_cache``  ``ALLENTK_ALLENSDK_CACHE``  none: folders that AllenSDK filled, used in place
``max_age_days``    ``ALLENTK_MAX_AGE_DAYS``    30: older tables are asked for again; ``never`` not
``time_limit_s``    ``ALLENTK_TIME_LIMIT_S``    21600 (6 h): the longest that one download may take
``mechanisms_dir``  ``ALLENTK_MECHANISMS_DIR``  ``mechanisms`` in the cache: channels compiled for NEURON
=================== =========================== ==================================================

The file is ``config.toml`` in the system's configuration folder for ``allentk``
(``allentk doctor`` prints where), or the one that ``ALLENTK_CONFIG`` names. Where a setting is several
folders, the file has a list, and the environment separates them as it does in ``PATH``. A name in the file
that is no setting is refused: a misspelt ``offline`` must not go online.
"""

from __future__ import annotations

import math
import os
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeAlias

from allentk.errors import ConfigError

__all__ = ["TIME_LIMIT_S", "Settings", "config_path", "settings", "unknown_variables"]

#: The longest that one download may take where nobody says otherwise, in seconds: 6 hours.
TIME_LIMIT_S = 6 * 3600.0
_MAX_AGE_DAYS = 30.0

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"", "0", "false", "no", "off"}
_WHOLE = re.compile("[0-9]{1,6}")

#: One folder, or several.
Folders: TypeAlias = "str | os.PathLike[str] | Iterable[str | os.PathLike[str]]"


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
    shared_cache : tuple of Path
        Caches that are looked into first and never written to, such as one on a shared disk.
    allensdk_cache : tuple of Path
        Folders that AllenSDK filled; their files are used where they lie, after a look at them.
    max_age_days : float
        The age from which on a table is asked for again; infinite for never. Where the service cannot
        be reached, the old table is used, with a warning. Recordings do not age.
    time_limit_s : float
        The longest that one file, or one table, may take to fetch, in seconds.
    mechanisms_dir : Path
        Where the channels that were compiled for NEURON are kept. What lies there is run: it must be
        a folder that nobody else can write to.
    """

    cache_dir: Path
    mechanisms_dir: Path
    offline: bool
    jobs: int
    shared_cache: tuple[Path, ...] = ()
    allensdk_cache: tuple[Path, ...] = ()
    max_age_days: float = _MAX_AGE_DAYS
    time_limit_s: float = TIME_LIMIT_S


#: Names of the settings, as the file has them.
_NAMES = tuple(field.name for field in fields(Settings))


def config_path() -> Path:
    """Return where the configuration file is looked for.

    Raises
    ------
    ConfigError
        Where ``ALLENTK_CONFIG`` names the home of a user that there is not.
    """
    named = _folder(os.environ.get("ALLENTK_CONFIG"), "ALLENTK_CONFIG", "a file")
    if named is not None:
        return named
    import platformdirs

    return Path(platformdirs.user_config_dir("allentk", appauthor=False)) / "config.toml"


def _default_cache_dir() -> Path:
    import platformdirs

    return Path(platformdirs.user_cache_dir("allentk", appauthor=False))


def _from_file() -> dict[str, Any]:
    path = config_path()
    try:
        # Editors on Windows put a mark of the encoding in front.
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {path}: {error}; mend or remove it") from error
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}; mend or remove it") from error
    for name in found:
        if name not in _NAMES:
            raise ConfigError(
                f"{path}: there is no setting {name!r}{_meant(name)}; there are {', '.join(_NAMES)}; "
                f"mend or remove it"
            )
    return found


def _meant(name: str) -> str:
    """Return the setting that a misspelt name is nearest to, in words; empty where it is near none."""
    near = get_close_matches(name.lower().replace("-", "_"), _NAMES, n=1)
    return f", did you mean {near[0]!r}?" if near else ""


def unknown_variables() -> dict[str, str]:
    """Return the variables of the environment that look like settings and are none.

    Returns
    -------
    dict of str to str
        By name, the variable that may be meant; empty where none is near.

    Examples
    --------
    >>> unknown_variables().get("ALLENTK_JOBS", "known")
    'known'
    """
    known = [f"ALLENTK_{name.upper()}" for name in ("config", *_NAMES)]
    given = sorted(name for name in os.environ if name.startswith("ALLENTK_"))
    return {
        name: "".join(get_close_matches(name, known, n=1, cutoff=0.85))
        for name in given
        if name not in known
    }


def _bool(value: Any, where: str) -> bool:
    text = str(value).strip().lower()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise ConfigError(f"{where}: expected true or false, got {value!r}")


def _jobs(value: Any, where: str) -> int:
    whole = isinstance(value, float) and value.is_integer()  # as JSON may have it
    text = str(int(value) if whole else value).strip()
    if not _WHOLE.fullmatch(text) or int(text) < 1:
        raise ConfigError(f"{where}: expected a whole number of at least 1, got {value!r}")
    return int(text)


def _folder(value: Any, where: str, what: str = "a folder") -> Path | None:
    """Return a folder, or a file; None where none is named."""
    try:
        return Path(value).expanduser() if value else None
    except (TypeError, RuntimeError) as error:
        raise ConfigError(f"{where}: expected {what}, got {value!r}") from error


def _folders(value: Any, where: str) -> tuple[Path, ...]:
    listed = value
    if isinstance(value, str):
        listed = value.split(os.pathsep)
    elif isinstance(value, os.PathLike):
        listed = [value]
    try:
        return tuple(Path(one).expanduser() for one in listed if one != "")
    except (TypeError, RuntimeError) as error:
        raise ConfigError(f"{where}: expected a folder or several, got {value!r}") from error


def _at_least(lowest: float, value: Any, where: str, unit: str) -> float:
    text = str(value).strip().lower()
    try:
        number = math.inf if text == "never" else float(text)
    except ValueError:
        number = math.nan
    if not number >= lowest or isinstance(value, bool):
        raise ConfigError(f"{where}: expected {unit}, at least {lowest:g}, got {value!r}")
    return number


def settings(
    *,
    cache_dir: str | os.PathLike[str] | None = None,
    offline: bool | None = None,
    jobs: int | None = None,
    shared_cache: Folders | None = None,
    allensdk_cache: Folders | None = None,
    max_age_days: float | str | None = None,
    time_limit_s: float | None = None,
    mechanisms_dir: str | os.PathLike[str] | None = None,
) -> Settings:
    """Return the settings in force, the arguments given taking precedence.

    Parameters
    ----------
    cache_dir, offline, jobs, shared_cache, allensdk_cache, max_age_days, time_limit_s, mechanisms_dir
        As in `Settings`; what is not given is taken from the environment, the file or the defaults.
        `max_age_days` may be ``"never"``.

    Raises
    ------
    ConfigError
        Where a value makes no sense, or the file has a name that is no setting; names the variable or
        the file.

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

    cache = _folder(*pick("cache_dir", cache_dir, None)) or _default_cache_dir()
    compiled = _folder(*pick("mechanisms_dir", mechanisms_dir, None))
    return Settings(
        cache_dir=cache,
        mechanisms_dir=compiled or cache / "mechanisms",
        offline=_bool(*pick("offline", offline, False)),
        jobs=_jobs(*pick("jobs", jobs, os.cpu_count() or 1)),
        shared_cache=_folders(*pick("shared_cache", shared_cache, ())),
        allensdk_cache=_folders(*pick("allensdk_cache", allensdk_cache, ())),
        max_age_days=_at_least(
            0.0, *pick("max_age_days", max_age_days, _MAX_AGE_DAYS), "days, or 'never'"
        ),
        time_limit_s=_at_least(1.0, *pick("time_limit_s", time_limit_s, TIME_LIMIT_S), "seconds"),
    )
