"""What a network is shown, by the name of the stimulus and a few options, or from a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from allentk.data import StimulusTable
from allentk.errors import ConfigError, DataError, FormatError
from allentk.network import visual

__all__ = ["STIMULI", "named_stimulus"]

_COMMON = {"repeats": "n_repeats", "gap_s": "gap_s", "contrast": "contrast"}
_TIMED = {**_COMMON, "duration_s": "duration_s"}

#: Stimulus -> what makes it, and its name for every option that it takes.
STIMULI: dict[str, tuple[Callable[..., StimulusTable], dict[str, str]]] = {
    "drifting_gratings": (
        visual.drifting_gratings,
        {
            **_TIMED,
            "directions_deg": "directions_deg",
            "temporal_frequencies_hz": "temporal_frequencies_hz",
            "spatial_frequency_cpd": "spatial_frequency_cpd",
            "seed": "seed",
        },
    ),
    "static_gratings": (
        visual.static_gratings,
        {**_TIMED, "directions_deg": "orientations_deg", "seed": "seed"},
    ),
    "flashes": (visual.flashes, {**_TIMED, "seed": "seed"}),
    "moving_bars": (
        visual.moving_bars,
        {**_COMMON, "directions_deg": "directions_deg", "seed": "seed"},
    ),
    "looming": (visual.looming, _COMMON),
    "locally_sparse_noise": (
        visual.locally_sparse_noise,
        {"repeats": "n_repeats", "duration_s": "duration_s", "seed": "seed"},
    ),
    "spontaneous": (visual.gray, {"duration_s": "duration_s"}),
}

#: Length of a gray screen, where none is asked for, seconds.
_GRAY_S = 3.0


def named_stimulus(stimulus: str, options: Mapping[str, Any], *, seed: int = 0) -> StimulusTable:
    """Return a stimulus.

    Parameters
    ----------
    stimulus : str
        One of ``STIMULI``, or a CSV file with the columns of a ``StimulusTable``.
    options : mapping
        ``repeats`` (1 where not given), ``duration_s`` of a presentation, ``gap_s``, ``contrast``,
        ``directions_deg``, ``temporal_frequencies_hz``, ``spatial_frequency_cpd``; None is not given.
    seed : int
        Draws the order.

    Raises
    ------
    ConfigError
        On an unknown stimulus, or an option that means nothing to it.
    FormatError
        Where a file is no table of presentations.
    DataError
        On a number that makes no sense.

    Examples
    --------
    >>> named_stimulus("drifting_gratings", {"directions_deg": (0, 90), "temporal_frequencies_hz": (2,)})
    <StimulusTable: 3 presentations (2 drifting_gratings, 1 blank)>
    """
    given = {name: value for name, value in options.items() if value is not None}
    if stimulus not in STIMULI:
        return _table(stimulus, given)
    make, names = STIMULI[stimulus]
    for name, value in given.items():
        if name not in names:
            raise ConfigError(
                f"{stimulus} has no option {name!r}, got {value!r}; it has {', '.join(names)}"
            )
    wanted: dict[str, Any] = {"repeats": 1, "seed": seed, "duration_s": None} | given
    if stimulus == "spontaneous":
        wanted["duration_s"] = wanted["duration_s"] or _GRAY_S
        return visual.gray(wanted["duration_s"])
    return make(**{names[k]: v for k, v in wanted.items() if k in names and v is not None})


def _table(stimulus: str, given: Mapping[str, Any]) -> StimulusTable:
    path = Path(stimulus)
    if path.suffix.lower() != ".csv" or not path.is_file():
        what = "there is no such file" if path.suffix.lower() == ".csv" else "it is no CSV file"
        raise ConfigError(
            f"no stimulus {stimulus!r} ({what}); there are {', '.join(STIMULI)}, or name a CSV file with "
            f"the columns start_s, stop_s and stimulus"
        )
    if given:
        raise ConfigError(f"{path}: a table has its own times and numbers, got {dict(given)}")
    try:
        return StimulusTable(pd.read_csv(path))
    except (DataError, ValueError, OSError) as error:
        raise FormatError(f"{path}: expected a table of presentations ({error})") from error
