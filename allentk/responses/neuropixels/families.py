"""The stimuli of a Neuropixels session: names, what tells their conditions apart, how long they last."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FAMILIES", "RENAMED", "Family"]


@dataclass(frozen=True, slots=True)
class Family:
    """A kind of stimulus.

    Parameters
    ----------
    stimulus : str
        Our name.
    pattern : str
        Regular expression for the beginning of a presentation's name in small letters.
    required : tuple of str
        Columns that tell conditions apart; a row without one of them is blank.
    further : tuple of str
        Columns that tell conditions apart where they are there.
    single : tuple of str
        Columns that may have one value only.
    duration_s : float or None
        Length of the window in which spikes are counted, in seconds; None is that of the presentations.
    suffix : str
        End of the names of Allen's columns.
    """

    stimulus: str
    pattern: str
    required: tuple[str, ...]
    further: tuple[str, ...] = ()
    single: tuple[str, ...] = ()
    duration_s: float | None = 0.25
    suffix: str = ""


_GRATINGS = ("orientation_deg", "temporal_frequency_hz")

#: The kinds by our name.
FAMILIES = {
    family.stimulus: family
    for family in (
        Family(
            "drifting_gratings",
            r"drifting_gratings(?!_contrast)",
            _GRATINGS,
            single=("spatial_frequency_cpd", "contrast"),
            duration_s=2.0,
            suffix="dg",
        ),
        Family(
            "contrast_tuning",
            r"(drifting_gratings_)?contrast",
            ("orientation_deg", "contrast"),
            single=("spatial_frequency_cpd", "temporal_frequency_hz"),
            duration_s=0.5,
            suffix="ct",
        ),
        Family(
            "static_gratings",
            r"static_gratings",
            ("orientation_deg", "spatial_frequency_cpd", "phase"),
            suffix="sg",
        ),
        Family("natural_scenes", r"natural[_ ](scenes|images)", ("frame",), suffix="ns"),
        Family("natural_movie", r"natural_movie", ("frame",), duration_s=None, suffix="nm"),
        Family("flashes", r"flash", ("color",), suffix="fl"),
        Family(
            "gabors",
            r"gabor|receptive_field_mapping",
            ("x_deg", "y_deg"),
            further=("orientation_deg",),
            suffix="rf",
        ),
        Family(
            "dot_motion",
            r"dot_motion|motion_stimulus",
            ("speed_deg_per_s", "direction_deg"),
            duration_s=1.0,
            suffix="dm",
        ),
    )
}

#: Columns of a session's table, and what they are called here.
RENAMED = {
    "x_position_deg": "x_deg",
    "y_position_deg": "y_deg",
    "Speed": "speed_deg_per_s",
    "Dir": "direction_deg",
}
