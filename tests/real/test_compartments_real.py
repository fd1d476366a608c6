"""Every reconstruction at hand, cut into compartments by NEURON and by us."""

import importlib.util

import pytest

from allentk.io import read_swc
from allentk.models.compartments import compartments
from tests.models.test_compartments import assert_same
from tests.neuron_sections import ask

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("neuron") is None, reason="NEURON has no wheel here"
)


@pytest.mark.parametrize("axon", ["stub", "truncated", "full"])
def test_the_same_as_neuron(axon, shared):
    files = sorted(shared.rglob("*.swc"))
    assert len(files) >= 16
    answers = ask([{"swc": str(path), "axon": axon} for path in files])
    for path, answer in zip(files, answers, strict=True):
        assert_same(compartments(read_swc(path), axon=axon), answer)
