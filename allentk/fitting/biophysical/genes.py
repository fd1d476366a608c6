"""Genes: the numbers that a fit may change, each with its bounds, scale and unit."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from allentk.errors import DataError
from allentk.models import BiophysicalParameters, SectionParameters
from allentk.models.biophysical import SECTIONS

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Gene", "GeneSet"]

Array = NDArray[np.float64]

SCALES = ("linear", "log")
#: Names for several sections at once.
_GROUPS: Mapping[str, tuple[str, ...]] = {
    "all": SECTIONS,
    "dendrites": ("dend", "apic"),
    **{name: (name,) for name in SECTIONS},
}
#: Passive numbers a gene may set; ``cm_factor`` multiplies what the section has.
PASSIVE = ("g_pas", "e_pas_mv", "ra_ohm_cm", "cm_uf_per_cm2", "cm_factor", "v_rest_mv")
#: How near to a bound counts as at it, of the way between the two.
AT_BOUND = 0.01


@dataclass(frozen=True, slots=True)
class Gene:
    """One number of a model that a fit may change.

    Parameters
    ----------
    section : str
        ``"soma"``, ``"axon"``, ``"dend"``, ``"apic"``; ``"dendrites"`` or ``"all"`` set several alike.
    mechanism : str
        Name of the channel; empty for a passive number.
    parameter : str
        Such as ``"gbar"``, ``"decay_s"``; of the membrane ``"g_pas"``, ``"e_pas_mv"``, ``"ra_ohm_cm"``,
        ``"cm_uf_per_cm2"``; ``"cm_factor"``, by which the capacitance of the section is multiplied; or
        ``"v_rest_mv"`` of ``"all"``, at which the model begins and its leak reverses.
    low, high : float
        Bounds, in `unit`.
    scale : {"linear", "log"}
        How the way between the bounds is divided.
    unit : str
        Unit of the number.

    Raises
    ------
    DataError
        On an unknown section, passive parameter or scale, or bounds that are none.

    Examples
    --------
    >>> gene = Gene("soma", "NaTs", "gbar", 1e-5, 10.0, "log", "S/cm2")
    >>> gene.name, gene.decode(0.5), gene.encode(1e-5)
    ('gbar_NaTs', 0.01, 0.0)
    """

    section: str
    mechanism: str
    parameter: str
    low: float
    high: float
    scale: str = "log"
    unit: str = "S/cm2"

    def __post_init__(self) -> None:
        if self.section not in _GROUPS:
            raise DataError(
                f"gene {self.name}: no section {self.section!r}; there are {', '.join(_GROUPS)}"
            )
        if not self.mechanism and self.parameter not in PASSIVE:
            raise DataError(
                f"gene {self.name}: no passive parameter {self.parameter!r}; there are "
                f"{', '.join(PASSIVE)}"
            )
        if self.scale not in SCALES:
            raise DataError(f"gene {self.name}: scale must be linear or log, got {self.scale!r}")
        if not (self.low < self.high and math.isfinite(self.low) and math.isfinite(self.high)):
            raise DataError(f"gene {self.name}: no bounds: {self.low} to {self.high}")
        if self.scale == "log" and self.low <= 0:
            raise DataError(f"gene {self.name}: a log scale starts above zero, got {self.low}")

    @property
    def name(self) -> str:
        """Short name, such as ``gbar_NaTs`` or ``g_pas_dend``."""
        if not self.mechanism:
            return f"{self.parameter}_{self.section}"
        where = "" if self.section == "soma" else f"_{self.section}"
        return f"{self.parameter}_{self.mechanism}{where}"

    @property
    def sections(self) -> tuple[str, ...]:
        """Sections that it sets."""
        return _GROUPS[self.section]

    def decode(self, part: float) -> float:
        """Return the number at a part of the way between the bounds, 0 to 1."""
        if self.scale == "log":
            return float(self.low * (self.high / self.low) ** part)
        return float(self.low + (self.high - self.low) * part)

    def encode(self, value: float) -> float:
        """Return which part of the way between the bounds a number is, below 0 or above 1 outside."""
        if self.scale == "log":
            floor = self.low * 1e-12
            return math.log(max(value, floor) / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)


@dataclass(frozen=True, slots=True, repr=False)
class GeneSet:
    """Genes, and the model that they are set in.

    Parameters
    ----------
    genes : tuple of Gene
        What may change.
    template : BiophysicalParameters
        A model with the numbers that stay.

    Raises
    ------
    DataError
        On two genes for one number, or none.
    """

    genes: tuple[Gene, ...]
    template: BiophysicalParameters

    def __post_init__(self) -> None:
        taken: set[tuple[str, str, str]] = set()
        for gene in self.genes:
            for section in gene.sections:
                place = (section, gene.mechanism, gene.parameter)
                if place in taken:
                    raise DataError(f"gene {gene.name}: {' '.join(place)} has two genes")
                taken.add(place)
        if not self.genes:
            raise DataError("a fit needs at least one gene, got none")

    def __len__(self) -> int:
        return len(self.genes)

    def __iter__(self) -> Iterator[Gene]:
        return iter(self.genes)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the genes."""
        return tuple(gene.name for gene in self.genes)

    def values(self, point: ArrayLike) -> dict[str, float]:
        """Return the number of every gene at a point of the unit cube."""
        parts = np.asarray(point, dtype=float)
        if parts.shape != (len(self),):
            raise DataError(f"a point has {len(self)} parts, got shape {parts.shape}")
        return {
            gene.name: gene.decode(float(part))
            for gene, part in zip(self.genes, parts, strict=True)
        }

    def decode(self, point: ArrayLike) -> BiophysicalParameters:
        """Return the model at a point of the unit cube.

        Raises
        ------
        DataError
            On a point of another number of dimensions.
        """
        values = self.values(point)
        plain: dict[str, dict[str, Any]] = {
            name: one.to_dict() for name, one in self.template.sections.items()
        }
        for gene in self.genes:
            for section in gene.sections:
                if section in plain:
                    _set(plain[section], gene, values[gene.name])
        sections = {name: SectionParameters(**one) for name, one in plain.items()}
        rest = values.get("v_rest_mv_all", self.template.v_init_mv)
        return replace(self.template, sections=sections, v_init_mv=rest)

    def encode(self, parameters: BiophysicalParameters) -> Array:
        """Return the point of a model, clipped to the unit cube; what has no gene is left out."""
        parts = [gene.encode(self._value(parameters, gene)) for gene in self.genes]
        inside: Array = np.clip(np.array(parts, dtype=float), 0.0, 1.0)
        return inside

    def _value(self, parameters: BiophysicalParameters, gene: Gene) -> float:
        section = next(name for name in gene.sections if name in parameters.sections)
        one = parameters.sections[section]
        if gene.mechanism:
            if gene.mechanism not in one.mechanisms:
                return 0.0
            return one.value(gene.mechanism, gene.parameter)
        if gene.parameter == "v_rest_mv":
            return parameters.v_init_mv
        if gene.parameter == "cm_factor":
            return one.cm_uf_per_cm2 / self.template.sections[section].cm_uf_per_cm2
        return float(getattr(one, gene.parameter))

    def at_bounds(self, parameters: BiophysicalParameters) -> dict[str, str]:
        """Return which genes of a model sit within 1 % of a bound: name -> ``"low"`` or ``"high"``."""
        found = {}
        for gene, part in zip(self.genes, self.encode(parameters), strict=True):
            if part < AT_BOUND or part > 1 - AT_BOUND:
                found[gene.name] = "low" if part < AT_BOUND else "high"
        return found

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row per gene: name, section, mechanism, parameter, low, high, scale, unit."""
        import pandas as pd

        columns = ("name", "section", "mechanism", "parameter", "low", "high", "scale", "unit")
        rows = [{name: getattr(gene, name) for name in columns} for gene in self.genes]
        return pd.DataFrame(rows, columns=list(columns))

    def digest(self) -> str:
        """Return a hash of bounds and template, 16 hexadecimal digits."""
        genes = [[getattr(gene, name) for name in Gene.__slots__] for gene in self.genes]
        told = json.dumps([genes, self.template.to_dict()], sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()[:16]

    def __repr__(self) -> str:
        return f"<GeneSet: {len(self)} genes of a {self.template.kind} model>"


def _set(plain: dict[str, Any], gene: Gene, value: float) -> None:
    """Write the number of a gene into the plain form of a section."""
    if gene.mechanism:
        plain["mechanisms"].setdefault(gene.mechanism, {})[gene.parameter] = value
    elif gene.parameter == "v_rest_mv":
        plain["e_pas_mv"] = value
    elif gene.parameter == "cm_factor":
        plain["cm_uf_per_cm2"] *= value
    else:
        plain[gene.parameter] = value


def only(genes: Sequence[Gene], sections: Sequence[str]) -> tuple[Gene, ...]:
    """Return the genes that set a section there is."""
    return tuple(gene for gene in genes if set(gene.sections) & set(sections))
