"""Compartmental neurons: what the Cell Types Database's biophysical models are made of.

A model belongs to a reconstruction, whose branches fall into sections ``soma``, ``axon``, ``dend``
and ``apic``; every branch of a section has the same parameters. Perisomatic models have channels in
the soma only, all-active models everywhere.

What became of the axon when the model was fitted is part of it, and few files say so:

=========== =====================================================================================
axon        the axon that is simulated
=========== =====================================================================================
"stub"      two cylinders of 30 x 1 um in series at the middle of the soma
"truncated" two cylinders of 30 um with the diameters that the reconstruction has at its root and
            60 um along, at the end of the soma
"full"      the reconstructed one
None        nobody said
=========== =====================================================================================

Voltages are the cell's own: add 14 mV (``-junction_potential_mv``) to compare with a recording of
the database, which is not corrected for the liquid junction potential.

References
----------
Gouwens et al. 2018, "Systematic generation of biophysically detailed models for diverse cortical
neuron types", Nature Communications 9:710. Nandi et al. 2022, Cell Reports 40:111176.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

import pandas as pd

from allentk.data._html import card, facts, says_synthetic, synthetic_end, table
from allentk.errors import DataError
from allentk.models.frozen import Frozen
from allentk.models.known_mechanisms import UNITS, mechanism

__all__ = [
    "AXONS",
    "JUNCTION_MV",
    "KINDS",
    "SECTIONS",
    "BiophysicalParameters",
    "SectionParameters",
]

KINDS = ("perisomatic", "all-active")
SECTIONS = ("soma", "axon", "dend", "apic")
AXONS = ("stub", "truncated", "full")
#: Liquid junction potential of the database: what is added to a recorded voltage.
JUNCTION_MV = -14.0

_PASSIVE = (
    ("ra_ohm_cm", "Ohm cm"),
    ("cm_uf_per_cm2", "uF/cm2"),
    ("g_pas", "S/cm2"),
    ("e_pas_mv", "mV"),
    ("ena_mv", "mV"),
    ("ek_mv", "mV"),
)
_POSITIVE = ("ra_ohm_cm", "cm_uf_per_cm2")


def _check_finite(value: Any, what: str) -> None:
    try:
        finite = math.isfinite(value)
    except TypeError as error:
        raise DataError(f"{what} must be a number, got {value!r}") from error
    if not finite:
        raise DataError(f"{what} must be finite, got {value!r}")


def _check_mapping(values: Any, what: str) -> None:
    if not isinstance(values, Mapping):
        raise DataError(f"{what} must be given by name, got {values!r}")


def _sweep_numbers(values: Any) -> tuple[int, ...]:
    try:
        return tuple(int(x) for x in values)
    except (TypeError, ValueError) as error:
        raise DataError(f"training_sweeps must be the numbers of sweeps, got {values!r}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionParameters:
    """Parameters of one section: all branches of the same type.

    Parameters
    ----------
    ra_ohm_cm : float
        Axial resistivity in Ohm cm.
    cm_uf_per_cm2 : float
        Membrane capacitance in uF/cm2.
    g_pas : float
        Leak conductance in S/cm2.
    e_pas_mv : float
        Leak reversal potential in mV.
    ena_mv, ek_mv : float, optional
        Reversal potentials of sodium and potassium in mV; None where the file says nothing, as where
        there is no such channel. That of calcium follows from its concentrations.
    mechanisms : mapping
        Mechanism -> parameter -> value, such as ``{"NaTs": {"gbar": 1.1}}``; units are in
        ``known_mechanisms.UNITS`` (`gbar` S/cm2). Read-only in the end.

    Raises
    ------
    DataError
        On an unknown mechanism, a parameter it does not have, or a number that cannot be one.

    Examples
    --------
    >>> soma = SectionParameters(ra_ohm_cm=100, cm_uf_per_cm2=1, g_pas=1e-4, e_pas_mv=-80,
    ...                          mechanisms={"NaTs": {"gbar": 1.1}, "CaDynamics": {"gamma": 0.01}})
    >>> soma.value("NaTs", "gbar"), soma.value("CaDynamics", "decay_s")
    (1.1, 0.08)
    """

    ra_ohm_cm: float
    cm_uf_per_cm2: float
    g_pas: float
    e_pas_mv: float
    ena_mv: float | None = None
    ek_mv: float | None = None
    mechanisms: Mapping[str, Mapping[str, float]] = Frozen({})

    def __post_init__(self) -> None:
        for name, _ in _PASSIVE:
            self._check_passive(name)
        _check_mapping(self.mechanisms, "mechanisms")
        frozen = {name: self._checked(name, given) for name, given in self.mechanisms.items()}
        object.__setattr__(self, "mechanisms", Frozen(frozen))

    def _check_passive(self, name: str) -> None:
        value = getattr(self, name)
        if value is None and name in ("ena_mv", "ek_mv"):
            return
        _check_finite(value, name)
        if name in _POSITIVE and value <= 0:
            raise DataError(f"{name} must be positive, got {value!r}")
        if name == "g_pas" and value < 0:
            raise DataError(f"g_pas must not be negative, got {value!r}")

    def _checked(self, name: str, given: Mapping[str, float]) -> Frozen[float]:
        known = mechanism(name).defaults
        _check_mapping(given, f"parameters of {name}")
        for parameter, value in given.items():
            if parameter not in known:
                raise DataError(f"{name} has no parameter {parameter!r}; it has {', '.join(known)}")
            _check_finite(value, f"{parameter} of {name}")
            if parameter != "vshift_mv" and value < 0:
                raise DataError(f"{parameter} of {name} must not be negative, got {value!r}")
            if parameter in ("decay_s", "depth_um", "min_cai_mM") and value == 0:
                raise DataError(f"{parameter} of {name} must be positive, got 0")
        return Frozen(given)

    def value(self, name: str, parameter: str) -> float:
        """Return a parameter of a mechanism of this section, or its default where none is given.

        Raises
        ------
        DataError
            Where the section has no such mechanism, or the mechanism no such parameter.
        """
        if name not in self.mechanisms:
            there = ", ".join(self.mechanisms) or "none"
            raise DataError(f"no mechanism {name!r} here; there are: {there}")
        defaults = mechanism(name).defaults
        if parameter not in defaults:
            raise DataError(f"{name} has no parameter {parameter!r}; it has {', '.join(defaults)}")
        return self.mechanisms[name].get(parameter, defaults[parameter])

    def to_dict(self) -> dict[str, Any]:
        """Return the parameters as plain JSON types."""
        plain: dict[str, Any] = {name: getattr(self, name) for name, _ in _PASSIVE}
        plain["mechanisms"] = {name: dict(given) for name, given in self.mechanisms.items()}
        return plain


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class BiophysicalParameters:
    """Parameters of one biophysical model, without its reconstruction.

    Parameters
    ----------
    kind : {"perisomatic", "all-active"}
        Whether channels are in the soma only, or everywhere.
    sections : mapping
        Section -> `SectionParameters`: ``"soma"``, and those of ``"axon"``, ``"dend"``, ``"apic"``
        that the reconstruction has.
    celsius : float
        Temperature in degrees Celsius.
    v_init_mv : float
        Voltage at the beginning in mV.
    junction_potential_mv : float
        Liquid junction potential in mV, -14 in the database: what is added to a recorded voltage to
        get the model's.
    axon : {"stub", "truncated", "full"}, optional
        Which axon the parameters are for; see `allentk.models.biophysical`. None where nobody said.
    training_sweeps : tuple of int
        Numbers of the sweeps it was fitted to; empty where nobody said.
    source : str
        Where the numbers come from.

    Raises
    ------
    DataError
        On an unknown kind, section or axon, a missing soma, a channel outside the soma of a
        perisomatic model, or a number that is not finite.

    Examples
    --------
    >>> soma = SectionParameters(ra_ohm_cm=100, cm_uf_per_cm2=1, g_pas=1e-4, e_pas_mv=-80,
    ...                          ena_mv=53, ek_mv=-107, mechanisms={"NaTs": {"gbar": 1.1}})
    >>> BiophysicalParameters(kind="perisomatic", sections={"soma": soma}, v_init_mv=-80, axon="stub")
    <BiophysicalParameters: perisomatic, axon 'stub', soma (NaTs)>
    """

    kind: str
    sections: Mapping[str, SectionParameters]
    v_init_mv: float
    celsius: float = 34.0
    junction_potential_mv: float = JUNCTION_MV
    axon: str | None = None
    training_sweeps: tuple[int, ...] = ()
    source: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "training_sweeps", _sweep_numbers(self.training_sweeps))
        if self.kind not in KINDS:
            raise DataError(f"kind must be one of {', '.join(KINDS)}, got {self.kind!r}")
        if self.axon is not None and self.axon not in AXONS:
            raise DataError(f"axon must be one of {', '.join(AXONS)} or None, got {self.axon!r}")
        for name in ("v_init_mv", "celsius", "junction_potential_mv"):
            _check_finite(getattr(self, name), name)
        self._check_sections()
        ordered = {name: self.sections[name] for name in SECTIONS if name in self.sections}
        object.__setattr__(self, "sections", Frozen(ordered))

    def _check_sections(self) -> None:
        unknown = sorted(set(self.sections) - set(SECTIONS))
        if unknown:
            raise DataError(f"unknown sections {unknown}; there are {', '.join(SECTIONS)}")
        if "soma" not in self.sections:
            raise DataError(f"a model needs a soma, got {', '.join(self.sections) or 'no section'}")
        active = [name for name, one in self.sections.items() if one.mechanisms and name != "soma"]
        if self.kind == "perisomatic" and active:
            raise DataError(
                f"a perisomatic model has mechanisms in the soma only, got some in "
                f"{', '.join(active)}; is it all-active?"
            )

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row per parameter: section, mechanism, parameter, value, unit."""
        names = ["section", "mechanism", "parameter", "value", "unit"]
        return pd.DataFrame(list(self._rows()), columns=names)

    def _rows(self) -> Iterator[tuple[str, str, str, float, str]]:
        for section, one in self.sections.items():
            for name, unit in _PASSIVE:
                if (value := getattr(one, name)) is not None:
                    yield section, "", name, value, unit
            for name, given in one.mechanisms.items():
                for parameter, value in given.items():
                    yield section, name, parameter, value, UNITS[parameter]

    def to_dict(self) -> dict[str, Any]:
        """Return the parameters as plain JSON types."""
        plain: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(self)}
        plain["sections"] = {name: one.to_dict() for name, one in self.sections.items()}
        plain["training_sweeps"] = list(self.training_sweeps)
        return plain

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> BiophysicalParameters:
        """Build the parameters from what ``to_dict`` returned.

        Raises
        ------
        DataError
            On unknown or missing names, or values of another kind.
        """
        try:
            _check_mapping(values["sections"], "sections")
            sections = {name: SectionParameters(**one) for name, one in values["sections"].items()}
            return cls(**{**values, "sections": sections})
        except (TypeError, KeyError) as error:
            raise DataError(
                f"biophysical model: expected what to_dict returned ({type(error).__name__}: {error})"
            ) from error

    def __repr__(self) -> str:
        described = ", ".join(
            f"{name} ({' '.join(one.mechanisms) or 'passive'})"
            for name, one in self.sections.items()
        )
        end = synthetic_end(self.synthetic)
        return f"<BiophysicalParameters: {self.kind}, axon {self.axon!r}, {described}{end}>"

    @property
    def synthetic(self) -> bool:
        """Whether the source says that they rest on made-up data."""
        return says_synthetic(self.source)

    def _repr_html_(self) -> str:
        told = {
            "v_init_mv": self.v_init_mv,
            "celsius": self.celsius,
            "junction_potential_mv": self.junction_potential_mv,
            "training_sweeps": self.training_sweeps,
            "source": self.source,
        }
        return card(self, facts(told), table(self.to_dataframe()), synthetic=self.synthetic)
