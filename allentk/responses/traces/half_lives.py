"""How fast the fluorescence of a line's indicator decays."""

from __future__ import annotations

import warnings

from allentk.errors import DataError

__all__ = ["HALF_LIVES_S", "OTHER_HALF_LIFE_S", "half_life_s"]

#: Half-life in seconds by words that a genotype contains, the first that fits; from the code of
#: de Vries et al. 2020 (Nat Neurosci 23:138), visual_coding_2p_analysis ``l0_analysis``.
HALF_LIVES_S: tuple[tuple[tuple[str, ...], float], ...] = (
    (("Cux2", "Ai93"), 0.239),
    (("Emx1", "Ai96"), 0.436),
    (("tetO", "6s"), 0.348),
    (("Ai94",), 0.649),
    (("Ai162",), 0.649),
    (("Ai93",), 0.315),
)
#: Half-life in seconds of every other genotype, those with Ai148 included.
OTHER_HALF_LIFE_S = 0.315


def half_life_s(genotype: str) -> float:
    """Return the half-life of calcium's fluorescence in a line, in seconds.

    Parameters
    ----------
    genotype : str
        Such as ``"Cux2-CreERT2/wt;Camk2a-tTA/wt;Ai93(TITL-GCaMP6f)/Ai93"``. One that is not in
        ``HALF_LIVES_S`` has 0.315 s, with a warning unless it is of Ai148, which the paper treats so.

    Raises
    ------
    DataError
        For something else than text.

    Examples
    --------
    >>> half_life_s("Emx1-IRES-Cre/wt;Camk2a-tTA/wt;Ai94(TITL-GCaMP6s)/wt")
    0.649
    """
    if not isinstance(genotype, str):
        raise DataError(f"half_life_s: genotype must be text, got {genotype!r}")
    for words, seconds in HALF_LIVES_S:
        if all(word in genotype for word in words):
            return seconds
    if "Ai148" not in genotype:
        warnings.warn(
            f"half_life_s: the genotype {genotype!r} is none of those known; {OTHER_HALF_LIFE_S} s is "
            f"taken. Give half_life_s where you know it",
            UserWarning,
            stacklevel=2,
        )
    return OTHER_HALF_LIFE_S
