"""What a perisomatic fit is made of: membrane, style and objective, from the targets of a cell."""

from __future__ import annotations

import math
from functools import partial

from allentk.data import Morphology, SweepSet
from allentk.errors import FitError
from allentk.fitting.biophysical import bounds, reduced_runner
from allentk.fitting.biophysical.objective import Objective
from allentk.fitting.biophysical.passive import default_passive, passive_fit
from allentk.fitting.biophysical.targets import Targets
from allentk.models.compartments import compartments

__all__ = ["membrane", "perisomatic_objective", "style_of"]


def membrane(
    sweeps: SweepSet | Targets, morphology: Morphology, dendrite_type: str | None
) -> tuple[bounds.PassiveLike, list[str]]:
    """Return the passive fit of a recording, the usual values where it has none; and notes.

    Parameters
    ----------
    sweeps : SweepSet or Targets
        The recording, for the capacitance check in it; targets have none.
    morphology : Morphology
        The reconstruction.
    dendrite_type : {"spiny", "aspiny", "sparsely spiny"}, optional
        As in the database.
    """
    spiny = dendrite_type == "spiny"
    why = "targets were given, not sweeps"
    if not isinstance(sweeps, Targets):
        try:
            found = passive_fit(sweeps, morphology, spiny=spiny)
        except FitError as error:
            why = str(error)
        else:
            return found, list(found.notes)
    usual = default_passive(spiny=spiny)
    dendrites = usual.cm_by_section["dend"]
    smooth = usual.cm_by_section["soma"]
    told = f"Ra {usual.ra_ohm_cm:g} Ohm cm, Cm {smooth:g} uF/cm2, {dendrites:g} in dendrites"
    return usual, [f"passive: {told} ({why})"]


def style_of(targets: Targets, dendrite_type: str | None, *, human: bool) -> str:
    """Return the style for a cell, by its dendrites, or by the width of its spikes at training steps."""
    widths = (s.features["width"].mean for s in targets.chosen() if "width" in s.features)
    return bounds.choose_style(dendrite_type, next(widths, math.nan), human=human)


def perisomatic_objective(
    targets: Targets, morphology: Morphology, passive: bounds.PassiveLike, style: str
) -> Objective:
    """Return what a fit minimises.

    Parameters
    ----------
    targets : Targets
        What is aimed at, the training steps chosen.
    morphology : Morphology
        The reconstruction; its axon is replaced by a stub.
    passive : PassiveLike
        Axial resistance and capacitances.
    style : str
        One of `allentk.fitting.biophysical.bounds.STYLES`.

    Raises
    ------
    ConfigError
        On an unknown style.
    FitError
        Where no target says the resting voltage, or `passive` lacks a section.
    """
    rest = targets.v_rest_mv
    if math.isnan(rest):
        raise FitError(
            f"{targets!r}: no target says the resting voltage; give v_baseline or voltage_base for a step"
        )
    base = bounds.template(
        morphology,
        v_rest_mv=rest,
        passive=passive,
        junction_potential_mv=targets.junction_potential_mv,
    )
    genes = bounds.gene_set(style, base, compartments(morphology, axon="stub"))
    middle = genes.decode([0.5] * len(genes))
    return Objective(
        genes=genes,
        targets=targets,
        build=partial(reduced_runner.build_runner, middle, morphology),
    )
