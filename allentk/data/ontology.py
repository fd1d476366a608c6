"""What the Allen Institute's stimuli are: their codes, published names and purposes, as data.

A rig writes a code, such as ``C1LSCOARSE150216[3]``: a family, the date at which its waveform was made
and a count. The family says what was injected and why; date and count do not matter here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["PROTOCOLS", "STIMULI", "UNKNOWN", "StimulusKind", "protocol", "stimulus_of"]

#: What a stimulus can be.
PROTOCOLS = (
    "long_square",
    "short_square",
    "short_square_triple",
    "ramp",
    "ramp_to_rheobase",
    "noise",
    "chirp",
    "square_subthreshold",
    "square_suprathreshold",
    "test",
    "search",
    "unknown",
)


@dataclass(frozen=True, slots=True)
class StimulusKind:
    """A family of stimuli.

    Parameters
    ----------
    pattern : str
        Regular expression that its codes begin with, in capitals or not.
    name : str
        Published name, such as ``"Long Square"``; empty where there is none.
    protocol : str
        One of `PROTOCOLS`.
    purpose : str
        What it is for.
    resolution : str
        How fine its amplitudes are or which part of a search it is: ``"Coarse"``, ``"Fine"``,
        ``"Coarse Micro"``, ``"Fine Micro"``, ``"Rheobase"``, ``"SubThreshold"``,
        ``"SupraThreshold"``; empty where codes do not say.
    hold_mv : float, optional
        Voltage at which the cell is held meanwhile, in mV; None where it is at rest.
    """

    pattern: str
    name: str
    protocol: str
    purpose: str
    resolution: str = ""
    hold_mv: float | None = None

    @property
    def published_name(self) -> str:
        """The name as sweep tables have it: ``"Short Square - Hold -60mV"``."""
        return self.name if self.hold_mv is None else f"{self.name} - Hold {self.hold_mv:g}mV"


def _tests() -> tuple[StimulusKind, ...]:
    purposes = (
        ("EXTPSMOKET", "test pulses before anything else: does the rig work"),
        ("EXTPINBATH", "current of the open electrode in the bath"),
        ("EXTPCllATT", "resistance of the seal on the cell"),
        ("EXTPBREAKN", "access and input resistance after break-in"),
        ("EXTPRSCHEK", "access resistance in the course of the recording"),
        ("EXTPSAFETY", "a sweep of the rig's own, between others"),
        ("EXTPGGAEND", "seal when the electrode is withdrawn"),
        ("EXTPEXPEND", "test pulses at the end of the experiment"),
        ("EXTPBLWOUT", "voltage of the electrode, blown out in the bath at the end"),
        ("EXTP", "another test pulse"),
        (r"Nuc_?VC|Nuc_(LS|Leak|Superthresh)", "voltage clamp of a nucleated patch"),
        ("VCLAMP", "voltage clamp of a cell whose RNA is taken"),
        ("RundownTest", "whether a current runs down"),
        ("(Blip|Rheobase)_finder", "amplitude at which the next stimuli begin"),
    )
    return tuple(StimulusKind(code, "Test", "test", purpose) for code, purpose in purposes)


def _held_short_squares() -> tuple[StimulusKind, ...]:
    purpose = "action potential from a held voltage"
    return tuple(
        StimulusKind(f"C2SSHM{-hold}{code}", "Short Square", "short_square", purpose, step, hold)
        for hold in (-60, -70, -80)
        for code, step in (("CS", "Coarse"), ("FN", "Fine"), ("", ""))
    )


def _squares() -> tuple[StimulusKind, ...]:
    long, short = ("Long Square", "long_square"), ("Short Square", "short_square")
    fi, first = "firing over current, and the passive membrane", "lowest current that makes it fire"
    one = "one action potential from a 3 ms pulse"
    return (
        StimulusKind(
            "C1SQCAPCHK",
            "Square - 0.5ms Subthreshold",
            "square_subthreshold",
            "capacitance, from a pulse shorter than the membrane needs",
        ),
        StimulusKind(
            "C2SQRHELNG",
            "Square - 2s Suprathreshold",
            "square_suprathreshold",
            "how alike trains of spikes are when a step is repeated",
        ),
        StimulusKind(
            "C2SSTRIPLE",
            "Short Square - Triple",
            "short_square_triple",
            "how soon the next action potential can follow",
        ),
        *_held_short_squares(),
        StimulusKind("C2SSHM", *short, "action potential from a held voltage"),
        StimulusKind("C1SSCOARSE", *short, one, "Coarse"),
        StimulusKind("C1SSFINEST", *short, one, "Fine"),
        StimulusKind(r"([XY]\d)?SP_Rheo", *short, one, "Rheobase"),
        StimulusKind("C1SS|shortsquare", *short, one),
        StimulusKind("C1LSCOARSEMICRO", *long, fi, "Coarse Micro"),
        StimulusKind("C1LSFINESTMICRO", *long, first, "Fine Micro"),
        StimulusKind("C1LSCOARSE", *long, fi, "Coarse"),
        StimulusKind("C1LSFINEST", *long, first, "Fine"),
        StimulusKind(r"([XY]\d)?LP_Rheo", *long, first, "Rheobase"),
        StimulusKind(
            r"([XY]\d)?PS_SubThresh|subthreshold", *long, "the passive membrane", "SubThreshold"
        ),
        StimulusKind(
            r"([XY]\d)?PS_SupraThresh|Rheo_Supra", *long, "firing over current", "SupraThreshold"
        ),
        StimulusKind("C1LS|longsquare", *long, fi),
    )


def _changing() -> tuple[StimulusKind, ...]:
    """Return the stimuli whose current changes all the time."""
    noise, impedance = "firing and voltage under a frozen noise", "impedance over frequency"
    return (
        StimulusKind(r"C1NSSEED(_1|(?!_))|C[12]NSD1", "Noise 1", "noise", noise),
        StimulusKind("C1NSSEED_2|C[12]NSD2", "Noise 2", "noise", noise),
        StimulusKind(
            "C2NSRMPRH",
            "Ramp to Rheobase",
            "ramp_to_rheobase",
            "firing just above threshold, reached slowly",
        ),
        StimulusKind(r"C1RP|([XY]\d)?Ramp", "Ramp", "ramp", "threshold when it is reached slowly"),
        StimulusKind("C2CHIRPA", "Chirp A Threshold", "chirp", impedance),
        StimulusKind("C2CHIRPB", "Chirp B", "chirp", impedance, hold_mv=-65),
        StimulusKind("C2CHIRPC", "Chirp C", "chirp", impedance, hold_mv=-60),
        StimulusKind("C2CHIRPD", "Chirp D", "chirp", impedance, hold_mv=-55),
        StimulusKind("(C2)?CHIRP", "Chirp", "chirp", impedance),
    )


#: Every family; of those that fit a code the first one counts.
STIMULI: tuple[StimulusKind, ...] = (
    *_tests(),
    StimulusKind(r"([XY]\d)?[SL]P_Search", "Search", "search", "amplitude for what comes next"),
    *_squares(),
    *_changing(),
)
#: The family of a code that no other fits.
UNKNOWN = StimulusKind("", "", "unknown", "nobody said")

_PATTERNS = tuple((re.compile(kind.pattern, re.IGNORECASE), kind) for kind in STIMULI)
_NAMES = {"noise": "noise"} | {
    name.casefold(): kind.protocol for kind in STIMULI for name in (kind.name, kind.published_name)
}


def stimulus_of(code: str) -> StimulusKind:
    """Return the family of a code, `UNKNOWN` for a code of another house.

    Examples
    --------
    >>> kind = stimulus_of("C2SSHM60FN150112[0]")
    >>> kind.published_name, kind.resolution
    ('Short Square - Hold -60mV', 'Fine')
    """
    code = code.strip()
    return next((kind for pattern, kind in _PATTERNS if pattern.match(code)), UNKNOWN)


def protocol(name_or_code: str) -> str:
    """Return which of `PROTOCOLS` a published name or a code means; ``"unknown"`` where none.

    A name may go on after a space, as in ``"Long Square SupraThreshold"``.

    Examples
    --------
    >>> protocol("Short Square - Triple"), protocol("C1NSSEED_1150216"), protocol("my steps")
    ('short_square_triple', 'noise', 'unknown')
    """
    words = name_or_code.strip().casefold().split(" ")
    for n in range(len(words), 0, -1):
        known = _NAMES.get(" ".join(words[:n]))
        if known:
            return known
    return stimulus_of(name_or_code).protocol
