"""Kinds of two-photon sessions, and what was shown in each."""

from __future__ import annotations

from allentk.errors import DataError

__all__ = ["SESSION_STIMULI", "types_showing"]

#: What was shown in each kind of session.
SESSION_STIMULI = {
    "three_session_A": (
        "drifting_gratings",
        "natural_movie_one",
        "natural_movie_three",
        "spontaneous",
    ),
    "three_session_B": (
        "static_gratings",
        "natural_scenes",
        "natural_movie_one",
        "spontaneous",
    ),
    "three_session_C": (
        "locally_sparse_noise",
        "natural_movie_one",
        "natural_movie_two",
        "spontaneous",
    ),
    "three_session_C2": (
        "locally_sparse_noise_4deg",
        "locally_sparse_noise_8deg",
        "natural_movie_one",
        "natural_movie_two",
        "spontaneous",
    ),
}


def types_showing(stimulus: str) -> list[str]:
    """Return the kinds of sessions in which a stimulus was shown.

    Raises
    ------
    DataError
        Where there is no such stimulus; lists those there are.

    Examples
    --------
    >>> types_showing("natural_scenes")
    ['three_session_B']
    """
    types = [kind for kind, shown in SESSION_STIMULI.items() if stimulus in shown]
    if not types:
        known = sorted({name for shown in SESSION_STIMULI.values() for name in shown})
        raise DataError(f"stimulus must be one of {', '.join(known)}, got {stimulus!r}")
    return types
