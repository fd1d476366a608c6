"""Names of the Allen Institute's stimuli, from the code that the rig wrote."""

from __future__ import annotations

import re

__all__ = ["clean_code", "stimulus_name"]

# A code begins with one of these and goes on with a date; the first that fits counts.
_NAMES = (
    (r"EXTP|Nuc_VC|RundownTest", "Test"),
    (r"(X5)?SP_Search|(X2|Y2)?LP_Search", "Search"),
    (r"C1NSSEED_1|C[12]NSD1", "Noise 1"),
    (r"C1NSSEED_2|C[12]NSD2", "Noise 2"),
    (r"C2NSRMPRH", "Ramp to Rheobase"),
    (r"C1SQCAPCHK", "Square - 0.5ms Subthreshold"),
    (r"C2SQRHELNG", "Square - 2s Suprathreshold"),
    (r"C2SSTRIPLE", "Short Square - Triple"),
    (r"C1SS|C2SSHM|(X6)?SP_Rheo", "Short Square"),
    (
        r"C1LS|(X3)?LP_Rheo|(X1)?PS_SubThresh|(X4)?PS_SupraThresh|longsquare|subthreshold",
        "Long Square",
    ),
    (r"C1RP|X7Ramp|Ramp", "Ramp"),
)
_PATTERNS = tuple((re.compile(pattern, re.IGNORECASE), name) for pattern, name in _NAMES)


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
    return next((name for pattern, name in _PATTERNS if pattern.match(code)), "")
