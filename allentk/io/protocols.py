"""Names of the Allen Institute's stimuli, from the code that the rig wrote."""

from __future__ import annotations

import re

from allentk.data.ontology import stimulus_of

__all__ = ["clean_code", "stimulus_name"]


def clean_code(code: str) -> str:
    """Return a code without what counts its repeats: ``C1LSCOARSE150216[3]``, ``..._DA_0``.

    Examples
    --------
    >>> clean_code("C1LSCOARSE150216[3]"), clean_code("EXTPSMOKET180424_DA_0")
    ('C1LSCOARSE150216', 'EXTPSMOKET180424')
    """
    return re.sub(r"(\[\d+\]|_DA_\d+)$", "", code.strip())


def stimulus_name(code: str) -> str:
    """Return the published name of a stimulus, or an empty text for a code of another house.

    Examples
    --------
    >>> stimulus_name("C1LSCOARSE150216"), stimulus_name("my steps")
    ('Long Square', '')
    """
    return stimulus_of(code).name
