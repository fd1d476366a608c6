"""Whose rules a feature follows where the published ones have a quirk."""

from __future__ import annotations

from typing import Literal, get_args

from allentk.errors import FeatureError

__all__ = ["Definition", "checked"]

#: ``"allen"``: as the Cell Types Database computes it, quirks included. ``"allentk"``: those quirks that
#: change numbers are mended.
Definition = Literal["allen", "allentk"]


def checked(definition: Definition) -> Definition:
    """Return the definition; FeatureError on one that there is not."""
    if definition not in get_args(Definition):
        raise FeatureError(
            f"definition must be one of {', '.join(map(repr, get_args(Definition)))}, got {definition!r}"
        )
    return definition
