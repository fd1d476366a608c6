"""A biophysical cell that can be run: its parameters, and the reconstruction they are for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from allentk.data import Morphology
from allentk.data._html import card, says_synthetic, synthetic_end, table
from allentk.data.morphology import APICAL, AXON, BASAL, SOMA, drawn
from allentk.errors import DataError
from allentk.models.biophysical import AXONS, SECTIONS, BiophysicalParameters

__all__ = ["BiophysicalModel", "section_of_type"]

_SECTION = {SOMA: "soma", AXON: "axon", BASAL: "dend", APICAL: "apic"}


def section_of_type(swc_type: int) -> str:
    """Return the section that a node's type belongs to: any type that has no name is a dendrite.

    NEURON calls such branches ``dend_5`` and the like, and the models' rule for the section of a
    branch is the first four letters of its name.

    Raises
    ------
    DataError
        On a negative type.

    Examples
    --------
    >>> section_of_type(2), section_of_type(5)
    ('axon', 'dend')
    """
    if swc_type < 0:
        raise DataError(f"a node's type must not be negative, got {swc_type}")
    return _SECTION.get(swc_type, "dend")


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class BiophysicalModel:
    """A biophysical cell: parameters and the reconstruction they were fitted on.

    Parameters
    ----------
    parameters : BiophysicalParameters
        Channels, passive values, and what becomes of the axon.
    morphology : Morphology
        The reconstruction as it came, with its axon.

    Raises
    ------
    DataError
        Where nobody said what becomes of the axon, where the reconstruction has a section that the
        parameters lack, or no axon to be truncated.

    Notes
    -----
    Parameters of a section that the reconstruction lacks are kept and not used, as published fits
    have them.

    Examples
    --------
    >>> from allentk.models import SectionParameters
    >>> passive = SectionParameters(ra_ohm_cm=100, cm_uf_per_cm2=1, g_pas=1e-4, e_pas_mv=-80)
    >>> parameters = BiophysicalParameters(kind="perisomatic", v_init_mv=-80, axon="stub",
    ...                                    sections=dict.fromkeys(("soma", "axon", "dend"), passive))
    >>> xyz = [[0, 0, 0], [0, 10, 0], [0, 60, 0]]
    >>> cell = Morphology([1, 2, 3], [1, 3, 3], xyz, [5, 1, 1], [-1, 0, 1])
    >>> BiophysicalModel(parameters, cell)
    <BiophysicalModel: perisomatic, axon 'stub', soma axon dend, 3 nodes>
    """

    parameters: BiophysicalParameters
    morphology: Morphology

    def __post_init__(self) -> None:
        if self.parameters.axon is None:
            raise DataError(
                f"the parameters do not say which axon they are for, and the spikes depend on it; "
                f"expected one of {', '.join(AXONS)}: use dataclasses.replace(parameters, axon=...), "
                f"or axon= where they are read"
            )
        where = self.morphology.source or "the reconstruction"
        if (lowest := int(self.morphology.type.min())) < 0:
            raise DataError(
                f"{where}: the type of a node must be 0 or more, got {lowest}; mend the file"
            )
        there = {section_of_type(int(one)) for one in np.unique(self.morphology.type)}
        if self.parameters.axon == "truncated" and "axon" not in there:
            raise DataError(
                f"{where}: there is no axon to truncate (no node of type {AXON}); use axon='stub'"
            )
        for section in self.sections:
            if section not in self.parameters.sections:
                raise DataError(
                    f"{where}: it has {section!r} (axon {self.parameters.axon!r}), but there are "
                    f"parameters for {', '.join(self.parameters.sections)} only"
                )

    @property
    def sections(self) -> tuple[str, ...]:
        """Sections that are simulated; a replaced axon is one."""
        there = {section_of_type(int(one)) for one in np.unique(self.morphology.type)}
        if self.parameters.axon != "full":
            there.add("axon")
        return tuple(name for name in SECTIONS if name in there)

    def __repr__(self) -> str:
        p = self.parameters
        return (
            f"<BiophysicalModel: {p.kind}, axon {p.axon!r}, {' '.join(self.sections)}, "
            f"{self.morphology.n_nodes} nodes{synthetic_end(self.synthetic)}>"
        )

    @property
    def synthetic(self) -> bool:
        """Whether parameters or reconstruction rest on made-up data."""
        return says_synthetic(self.parameters.source, self.morphology.synthetic)

    def _repr_html_(self) -> str:
        shape, numbers = drawn(self.morphology), table(self.parameters.to_dataframe())
        return card(self, shape, numbers, synthetic=self.synthetic)
