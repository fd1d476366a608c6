"""A biophysical cell: parameters and a reconstruction that fit together."""

from dataclasses import replace

import pytest

from allentk.data import Morphology
from allentk.errors import DataError
from allentk.models import BiophysicalModel, BiophysicalParameters, SectionParameters
from allentk.models.biophysical_model import section_of_type

PASSIVE = SectionParameters(ra_ohm_cm=100, cm_uf_per_cm2=1, g_pas=1e-4, e_pas_mv=-80)


def parameters(*sections, axon="stub"):
    return BiophysicalParameters(
        kind="perisomatic", v_init_mv=-80, axon=axon, sections=dict.fromkeys(sections, PASSIVE)
    )


def cell(*types):
    """A soma, and one neurite of every type on it."""
    n = len(types)
    xyz = [[0, 0, 0], *[[i, 10, 0] for i in range(n)]]
    return Morphology(
        range(1, n + 2), [1, *types], xyz, [5] + [1] * n, [-1] + [0] * n, source="x.swc"
    )


def test_what_is_simulated():
    model = BiophysicalModel(parameters("soma", "axon", "dend", "apic"), cell(3, 4))
    # The reconstruction has no axon, but the stub is one.
    assert model.sections == ("soma", "axon", "dend", "apic")
    full = replace(model.parameters, axon="full")
    assert BiophysicalModel(full, cell(3)).sections == ("soma", "dend")
    assert (
        repr(model) == "<BiophysicalModel: perisomatic, axon 'stub', soma axon dend apic, 3 nodes>"
    )


def test_other_types_are_dendrites_as_in_neuron():
    assert [section_of_type(one) for one in (0, 1, 2, 3, 4, 5, 7)] == [
        "dend", "soma", "axon", "dend", "apic", "dend", "dend"
    ]  # fmt: skip
    with pytest.raises(DataError, match="must not be negative, got -2"):
        section_of_type(-2)
    with pytest.raises(DataError, match=r"x\.swc: the type of a node must be 0 or more, got -2"):
        BiophysicalModel(parameters("soma", "axon"), cell(-2))


@pytest.mark.parametrize(
    ("given", "types", "message"),
    [
        (parameters("soma", "axon", axon=None), (), "do not say which axon"),
        (parameters("soma", "axon"), (3,), r"x\.swc: it has 'dend' .* for soma, axon only"),
        (parameters("soma", "dend"), (3,), r"it has 'axon' \(axon 'stub'\)"),
        (parameters("soma", "axon", "dend", axon="truncated"), (3,), "no axon to truncate"),
        (parameters("soma", "dend", axon="full"), (2, 3), r"it has 'axon' \(axon 'full'\)"),
    ],
)
def test_refuses(given, types, message):
    with pytest.raises(DataError, match=message):
        BiophysicalModel(given, cell(*types))
