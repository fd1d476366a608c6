"""The passive fit of specimen 313862022 from its averaged responses, beside the stored result."""

import json
import math

import numpy as np
import pytest

from allentk.fitting.biophysical.passive import passive_fit
from allentk.fitting.biophysical.passive_modes import PassiveModes, Pulse
from allentk.fitting.biophysical.passive_responses import PassiveResponses
from allentk.io import read_swc
from allentk.models.compartments import compartments


@pytest.fixture(scope="module")
def folder(shared):
    return shared / "cell_types" / "cell_313862022"


@pytest.fixture(scope="module")
def morphology(folder):
    return read_swc(folder / "313862022_m.swc")


@pytest.fixture(scope="module")
def responses(folder):
    (time, up), (_, down) = (
        np.loadtxt(folder / f"biophys_optimize__{name}base.dat").T for name in ("up", "down")
    )
    return PassiveResponses(1e-3 * time, up, down, Pulse(200.0, 0.002, 0.0005))


@pytest.fixture(scope="module")
def stored(folder):
    return json.loads((folder / "biophys_optimize__passive_fit_1_results.json").read_text())


@pytest.fixture(scope="module")
def bridge_mohm(folder):
    return json.loads((folder / "biophys_optimize__passive_info.json").read_text())["bridge"]


def test_the_window(folder, responses):
    info = json.loads((folder / "biophys_optimize__passive_info.json").read_text())
    assert responses.window_s == (0.004, pytest.approx(1e-3 * info["limit"]))


def test_the_stored_parameters_have_the_stored_error(stored, morphology, responses):
    """Without an axon, a segment for every section: what the stored error belongs to (soma only: a1)."""
    tree = compartments(morphology, axon="none", max_length_um=math.inf)
    assert tree.area_by_kind_um2["soma"] == pytest.approx(stored["a1"], rel=1e-4)
    assert tree.total_area_um2 == pytest.approx(stored["a1"] + stored["a2"], rel=1e-4)
    first, last = responses.window_s
    keep = (responses.time_s > first - 1e-6) & (responses.time_s < last + 1e-6)
    v = PassiveModes.of(tree).response(
        responses.pulse,
        responses.time_s[keep],
        ri_ohm_cm=stored["ra"],
        cm_uf_per_cm2=stored["cm"],
        rm_ohm_cm2=stored["rm"],
    )
    error = np.mean((v - responses.up_mv[keep]) ** 2) + np.mean((v + responses.down_mv[keep]) ** 2)
    assert error == pytest.approx(stored["err"], rel=2e-3)


def test_the_stored_fit_is_found_again(stored, morphology, responses, bridge_mohm):
    fit = passive_fit(
        responses,
        morphology,
        spiny=True,
        bridge_mohm=bridge_mohm,
        axon="none",
        max_length_um=math.inf,
    )
    assert fit.variant == 1
    assert fit.error <= stored["err"]
    assert fit.ra_ohm_cm == pytest.approx(stored["ra"], rel=0.02)
    assert fit.chosen.cm_uf_per_cm2 == pytest.approx(stored["cm"], rel=0.02)
    assert fit.chosen.rm_ohm_cm2 == pytest.approx(stored["rm"], rel=0.02)
    assert fit.cm_by_section["dend"] == pytest.approx(2.371, rel=0.02)


@pytest.mark.parametrize(("axon", "cm"), [("full", 2.12), ("stub", 2.07)])
def test_as_models_are_cut(axon, cm, stored, morphology, responses):
    """Finer segments and another axon: as good a fit, with the capacitance of the same charge."""
    fit = passive_fit(responses, morphology, spiny=True, axon=axon)
    assert fit.error <= 1.002 * stored["err"]
    assert fit.chosen.cm_uf_per_cm2 == pytest.approx(cm, rel=0.01)
    assert fit.ra_ohm_cm == pytest.approx(220, rel=0.02)
