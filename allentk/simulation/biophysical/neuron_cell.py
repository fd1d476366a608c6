"""A biophysical cell built in NEURON, by the rules its published parameters were made with.

The order is part of the model: the reconstruction is imported, the soma is measured, every section is
cut into ``1 + 2 int(L / 40 um)`` segments, and only then the axon is replaced.

References
----------
Gouwens et al. 2018, Nature Communications 9:710; Nandi et al. 2022, Cell Reports 40:111176.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from allentk.data import Morphology
from allentk.data.morphology import SOMA
from allentk.errors import DataError, SimulationError
from allentk.models import BiophysicalModel, SectionParameters
from allentk.models.axon import BEYOND_UM, PIECE_UM, STUB_UM
from allentk.models.channels import CAI0_MM, CAO_MM
from allentk.models.known_mechanisms import POOL
from allentk.models.sections import MAX_LENGTH_UM, reading_order
from allentk.simulation.biophysical.mechanisms import mechanism_name
from allentk.simulation.biophysical.neuron_session import quiet

__all__ = ["NeuronCell"]

_IONS = (("na", "ena", "ena_mv"), ("k", "ek", "ek_mv"))
_LOCATION = re.compile(r"([A-Za-z_0-9]+?)(?:\[(\d+)\])?\(([0-9.eE+-]+)\)")
# What a parameter is called in our mechanisms, and what one of our units is there.
_WRITTEN = {
    "vshift_mv": ("vshift", 1.0),
    "decay_s": ("decay", 1e3),
    "depth_um": ("depth", 1.0),
    "min_cai_mM": ("minCai", 1.0),
}


class NeuronCell:
    """A cell in NEURON; its sections live as long as it does.

    Parameters
    ----------
    h : hoc.HocObject
        NEURON, from `session`.
    model : BiophysicalModel
        What to build.
    max_length_um : float
        Segments are at most about this long; 40 um is part of the published models.

    Attributes
    ----------
    sections : list of nrn.Section
        Soma, axon, basal and apical dendrites as imported, without a replaced axon, whose two new
        sections are the last.
    soma : nrn.Section
        The first section of the soma; current goes into its middle, and spikes are found there.

    Raises
    ------
    DataError
        Where the root is no part of the soma, a dendrite hangs on an axon that is taken away, or a
        section has a channel of sodium or potassium but no reversal potential.
    SimulationError
        Where NEURON cannot make sections of the reconstruction.
    """

    def __init__(
        self, h: Any, model: BiophysicalModel, *, max_length_um: float = MAX_LENGTH_UM
    ) -> None:
        self.h = h
        self.model = model
        self.sections: list[Any] = _imported(h, model.morphology)
        if not self.sections or _name(self.sections[0]) != "soma[0]":
            raise SimulationError(
                f"{model.morphology.source or 'the reconstruction'}: NEURON finds no soma in it"
            )
        self.soma = self.sections[0]
        # Asking for an area makes NEURON take diameters from the points before it is cut.
        self.soma(0.5).area()
        for section in self.sections:
            section.nseg = 1 + 2 * int(section.L / max_length_um)
        self._replace_axon(model.parameters.axon)
        for section in self.sections:
            self._insert(section)

    def _replace_axon(self, rule: str | None) -> None:
        if rule == "full":
            return
        kept = [one for one in self.sections if _kind(one) != "axon"]
        axon = [one for one in self.sections if _kind(one) == "axon"]
        self._check_orphans(kept)
        diameters = (STUB_UM, STUB_UM) if rule == "stub" else self._diameters_um(axon)
        place = 0.5 if rule == "stub" else 1.0
        for section in axon:
            self.h.delete_section(sec=section)
        pieces = [self.h.Section(name=f"axon[{i}]") for i in range(2)]
        for piece, diameter in zip(pieces, diameters, strict=True):
            piece.L, piece.diam, piece.nseg = PIECE_UM, diameter, 1
        pieces[0].connect(self.soma(place), 0)
        pieces[1].connect(pieces[0](1.0), 0)
        self.sections = [*kept, *pieces]

    def _check_orphans(self, kept: list[Any]) -> None:
        for section in kept:
            above = section.parentseg()
            if above is not None and _kind(above.sec) == "axon":
                raise DataError(
                    f"{_name(section)} grows from {_name(above.sec)}, which is taken away with the "
                    f"axon; take axon='full', or mend the types of the reconstruction"
                )

    def _diameters_um(self, axon: list[Any]) -> tuple[float, float]:
        """Return what the axon measures at its root, and beyond 60 um from the soma's beginning."""
        start = self.soma(0.0)
        far = (one for one in axon if self.h.distance(start, one(0.5)) > BEYOND_UM)
        return axon[0](0.5).diam, next(far, axon[0])(0.5).diam

    def _insert(self, section: Any) -> None:
        given = self.model.parameters.sections[_kind(section)]
        section.Ra, section.cm = given.ra_ohm_cm, given.cm_uf_per_cm2
        section.insert("pas")
        section.g_pas, section.e_pas = given.g_pas, given.e_pas_mv
        for name, values in given.mechanisms.items():
            suffix = mechanism_name(name)
            section.insert(suffix)
            for parameter, value in values.items():
                written, per_unit = _WRITTEN.get(parameter, (parameter, 1.0))
                setattr(section, f"{written}_{suffix}", value * per_unit)
        self._set_reversals(section, given)

    def _set_reversals(self, section: Any, given: SectionParameters) -> None:
        for ion, name, ours in _IONS:
            if not self.h.ismembrane(f"{ion}_ion", sec=section):
                continue
            value = getattr(given, ours)
            if value is None:
                raise DataError(
                    f"{_name(section)} has channels of {ion}, but its parameters have no {ours}"
                )
            setattr(section, name, value)
        if self.h.ismembrane("ca_ion", sec=section) and POOL not in given.mechanisms:
            # Nothing changes calcium here, so its reversal potential is computed once.
            self.h.ion_style("ca_ion", 1, 2, 1, 0, 0, sec=section)
            section.cai, section.cao = CAI0_MM, CAO_MM

    def connection(self, target: Any) -> Any:
        """Return a connection that watches the soma; no target where it only records."""
        return self.h.NetCon(self.soma(0.5)._ref_v, target, sec=self.soma)

    def segment(self, location: str) -> Any:
        """Return the segment at a place written ``"dend[3](0.5)"``; ``[0]`` may be left out.

        Raises
        ------
        SimulationError
            Where there is no such place; says what there is.
        """
        found = _LOCATION.fullmatch(location)
        if found is None:
            raise SimulationError(
                f"{location!r} is no place on a cell; write it as 'soma(0.5)' or 'dend[3](0.5)'"
            )
        kind, index, x = found[1], int(found[2] or 0), _fraction(found[3], location)
        for section in self.sections:
            if _name(section) == f"{kind}[{index}]":
                return section(x)
        counts: dict[str, int] = {}
        for section in self.sections:
            name = _name(section).partition("[")[0]
            counts[name] = counts.get(name, 0) + 1
        there = ", ".join(f"{name}[0..{count - 1}]" for name, count in counts.items())
        raise SimulationError(f"{location!r}: no section {kind}[{index}]; there are {there}")


def _fraction(text: str, location: str) -> float:
    try:
        x = float(text)
    except ValueError:
        x = -1.0
    if not 0 <= x <= 1:
        raise SimulationError(f"{location!r}: the place along a section lies from 0 to 1")
    return x


def _name(section: Any) -> str:
    name: str = section.name()
    return name.rpartition(".")[2]


def _kind(section: Any) -> str:
    return _name(section)[:4]


class _Imported:
    """What NEURON's import fills: ``all``, and a list for every type."""

    all: list[Any]


def _imported(h: Any, morphology: Morphology) -> list[Any]:
    """Return the sections that NEURON makes of a reconstruction."""
    if morphology.type[morphology.root] != SOMA:
        raise DataError(
            f"{morphology.source or 'the reconstruction'}: the root must be of the soma (type "
            f"{SOMA}), got type {morphology.type[morphology.root]}"
        )
    made = _Imported()
    # It tells of every branch without length that it leaves out.
    with tempfile.TemporaryDirectory(prefix="allentk-") as folder, quiet():
        path = Path(folder) / "cell.swc"
        path.write_text("\n".join(_lines(morphology)) + "\n")
        reader = h.Import3d_SWC_read()
        reader.quiet = 1
        reader.input(str(path))
        with _main_as_it_was():
            h.Import3d_GUI(reader, 0).instantiate(made)
    return list(made.all)


@contextmanager
def _main_as_it_was() -> Iterator[None]:
    """Undo the ``import neuron`` that NEURON's import runs in the user's own program."""
    names = vars(sys.modules["__main__"])
    before = names.get("neuron", names)
    try:
        yield
    finally:
        names["neuron"] = before
        if before is names:
            del names["neuron"]


def _lines(morphology: Morphology) -> Iterator[str]:
    """Write nodes as NEURON wants them: numbered in the order they are read, a parent first."""
    m = morphology
    order, parents = reading_order(m)
    for number, (i, parent) in enumerate(zip(order.tolist(), parents.tolist(), strict=True), 1):
        x, y, z = m.xyz_um[i].tolist()
        above = parent + 1 if parent >= 0 else -1
        yield f"{number} {m.type[i]} {x!r} {y!r} {z!r} {float(m.radius_um[i])!r} {above}"
