"""Tables of several stimuli, side by side, one row per cell."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from allentk.errors import DataError

__all__ = ["SUFFIXES", "kind_of", "side_by_side"]

#: Begin of a stimulus's name in recordings, and the function that measures it; the first that fits.
_KINDS = {
    "drifting_gratings_contrast": "contrast_tuning",
    "drifting_gratings": "drifting_gratings",
    "static_gratings": "static_gratings",
    "natural_scenes": "natural_scenes",
    "natural_movie": "natural_movie",
    "locally_sparse_noise": "locally_sparse_noise",
    "flash": "flashes",
    "gabor": "gabors",
    "moving_bars": "moving_bars",
    "bars": "moving_bars",
    "contrast": "contrast_tuning",
    "dot_motion": "dot_motion",
    "spontaneous": "spontaneous",
}

#: Ends of the columns, those of the Observatory's tables where it has any; else the stimulus's name.
SUFFIXES = {
    "drifting_gratings": "dg",
    "static_gratings": "sg",
    "natural_scenes": "ns",
    "natural_movie_one": "nm1",
    "natural_movie_two": "nm2",
    "natural_movie_three": "nm3",
    "locally_sparse_noise": "lsn",
    "locally_sparse_noise_4deg": "lsn4",
    "locally_sparse_noise_8deg": "lsn8",
    "flashes": "fl",
    "gabors": "rf",
    "dot_motion": "dm",
    "moving_bars": "mb",
    "drifting_gratings_contrast": "ct",
    "spontaneous": "sp",
}

_KEYS = ("cell", "population", "node_population")


def kind_of(name: str) -> str:
    """Return the function that measures a stimulus of this name.

    Raises
    ------
    DataError
        Where there is none.

    Examples
    --------
    >>> kind_of("natural_movie_three")
    'natural_movie'
    """
    for begin, kind in _KINDS.items():
        if name.startswith(begin):
            return kind
    raise DataError(
        f"responses: no metrics of a stimulus named {name!r}; names begin with {', '.join(_KINDS)}"
    )


def side_by_side(parts: Mapping[str, pd.DataFrame], cells: pd.DataFrame) -> pd.DataFrame:
    """Return the tables of several stimuli as one.

    Parameters
    ----------
    parts : mapping of str to DataFrame
        By stimulus, as its function returns it.
    cells : DataFrame
        Column ``cell``, of a network also ``population`` and ``node_population``: the rows, in their order.

    Returns
    -------
    DataFrame
        The columns of `cells`, those of every stimulus with its end (`SUFFIXES`, else its name), and
        ``notes``, of all stimuli.

    Examples
    --------
    >>> gray = pd.DataFrame({"cell": [2], "fano": [1.5], "notes": ["no spikes"]})
    >>> side_by_side({"spontaneous": gray}, pd.DataFrame({"cell": [1, 2]}))["notes"].tolist()
    ['', 'sp: no spikes']
    """
    whole = cells
    keys = list(cells.columns)
    said = np.full(len(cells), "", dtype=object)
    for name, part in parts.items():
        suffix = SUFFIXES.get(name, name)
        own = part.rename(columns={c: f"{c}_{suffix}" for c in part.columns if c not in _KEYS})
        whole = whole.merge(own, on=keys, how="left", validate="one_to_one")
        notes = f"notes_{suffix}"
        if notes in whole:
            for row, note in enumerate(whole.pop(notes).fillna("")):
                if note:
                    said[row] += f"{'; ' if said[row] else ''}{suffix}: {note}"
    return whole.assign(notes=said)
