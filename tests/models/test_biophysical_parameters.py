"""Parameters of biophysical models: what is accepted, what is refused, what they give back."""

import copy
import pickle
from dataclasses import replace

import pytest

from allentk.errors import DataError
from allentk.models import BiophysicalParameters, SectionParameters
from allentk.models.known_mechanisms import MECHANISMS, UNITS, mechanism


def section(**changes):
    values = {"ra_ohm_cm": 100.0, "cm_uf_per_cm2": 1.0, "g_pas": 1e-4, "e_pas_mv": -80.0}
    return SectionParameters(**(values | changes))


SOMA = section(
    ena_mv=53.0,
    ek_mv=-107.0,
    mechanisms={"NaTs": {"gbar": 1.1}, "CaDynamics": {"gamma": 0.01, "decay_s": 0.4}},
)


def model(**changes):
    values = {
        "kind": "perisomatic",
        "sections": {"dend": section(), "soma": SOMA},
        "v_init_mv": -80.0,
        "axon": "stub",
        "training_sweeps": [46],
    }
    return BiophysicalParameters(**(values | changes))


def test_what_it_holds():
    cell = model()
    assert list(cell.sections) == ["soma", "dend"]
    assert cell.sections["soma"].mechanisms["NaTs"] == {"gbar": 1.1}
    assert (cell.celsius, cell.junction_potential_mv) == (34.0, -14.0)
    assert cell.training_sweeps == (46,)
    assert repr(cell) == (
        "<BiophysicalParameters: perisomatic, axon 'stub', soma (NaTs CaDynamics), dend (passive)>"
    )


def test_a_parameter_that_is_not_given_has_its_default():
    assert SOMA.value("CaDynamics", "gamma") == 0.01
    assert SOMA.value("CaDynamics", "depth_um") == 0.1
    with pytest.raises(DataError, match="no mechanism 'SK' here; there are: NaTs, CaDynamics"):
        SOMA.value("SK", "gbar")
    with pytest.raises(DataError, match="NaTs has no parameter 'gamma'; it has gbar"):
        SOMA.value("NaTs", "gamma")


def test_nothing_of_it_can_change():
    cell = model()
    with pytest.raises(TypeError):
        cell.sections["soma"] = section()
    with pytest.raises(TypeError):
        cell.sections["soma"].mechanisms["NaTs"]["gbar"] = 2.0
    given = {"NaTs": {"gbar": 1.0}}
    soma = section(mechanisms=given)
    given["NaTs"]["gbar"] = 7.0
    assert soma.value("NaTs", "gbar") == 1.0


def test_it_can_be_compared_hashed_copied_and_pickled():
    cell = model()
    for other in (model(), copy.deepcopy(cell), pickle.loads(pickle.dumps(cell))):
        assert other == cell
        assert hash(other) == hash(cell)
    assert cell != replace(cell, axon="full")
    assert cell != model(sections={"soma": section(mechanisms={"NaTs": {"gbar": 1.2}})})


def test_plain_types_and_back():
    cell = model()
    assert BiophysicalParameters.from_dict(cell.to_dict()) == cell
    assert cell.to_dict()["sections"]["soma"]["mechanisms"]["NaTs"] == {"gbar": 1.1}
    for wrong in ({"kind": "perisomatic"}, cell.to_dict() | {"colour": "blue"}):
        with pytest.raises(DataError, match="expected what to_dict returned"):
            BiophysicalParameters.from_dict(wrong)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"sections": "soma"}, "sections must be given by name, got 'soma'"),
        ({"sections": {"soma": {"mechanisms": ["NaTs"]}}}, "expected what to_dict returned"),
        ({"training_sweeps": ["a"]}, "training_sweeps must be the numbers of sweeps"),
        ({"training_sweeps": 46}, "training_sweeps must be the numbers of sweeps, got 46"),
    ],
)
def test_plain_types_that_are_none_of_ours(changes, why):
    with pytest.raises(DataError, match=why):
        BiophysicalParameters.from_dict(model().to_dict() | changes)


def test_as_a_table():
    table = model().to_dataframe()
    assert list(table.columns) == ["section", "mechanism", "parameter", "value", "unit"]
    decay = table[table["parameter"] == "decay_s"].iloc[0]
    assert (decay["section"], decay["mechanism"], decay["value"], decay["unit"]) == (
        "soma",
        "CaDynamics",
        0.4,
        "s",
    )
    # soma: 6 passive values and 3 of mechanisms; dend: 4, as nobody gave it reversal potentials
    assert len(table) == 13


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"ra_ohm_cm": 0.0}, "ra_ohm_cm must be positive"),
        ({"cm_uf_per_cm2": -1.0}, "cm_uf_per_cm2 must be positive"),
        ({"g_pas": -1e-9}, "g_pas must not be negative"),
        ({"e_pas_mv": float("nan")}, "e_pas_mv must be finite"),
        ({"ek_mv": float("inf")}, "ek_mv must be finite"),
        ({"mechanisms": {"NaX": {}}}, "unknown mechanism 'NaX'; there are CaDynamics, Ca_HVA"),
        ({"mechanisms": {"NaTs": {"gmax": 1.0}}}, "NaTs has no parameter 'gmax'; it has gbar"),
        ({"mechanisms": {"NaTs": {"gbar": -1.0}}}, "gbar of NaTs must not be negative"),
        ({"mechanisms": {"NaTs": {"gbar": float("nan")}}}, "gbar of NaTs must be finite"),
        (
            {"mechanisms": {"CaDynamics": {"decay_s": 0.0}}},
            "decay_s of CaDynamics must be positive",
        ),
        (
            # its logarithm is asked for at the beginning
            {"mechanisms": {"CaDynamics": {"min_cai_mM": 0.0}}},
            "min_cai_mM of CaDynamics must be positive",
        ),
        ({"g_pas": "much"}, "g_pas must be a number, got 'much'"),
        ({"mechanisms": ["NaTs"]}, "mechanisms must be given by name"),
        ({"mechanisms": {"NaTs": 1.1}}, "parameters of NaTs must be given by name, got 1.1"),
    ],
)
def test_a_section_that_cannot_be(changes, why):
    with pytest.raises(DataError, match=why):
        section(**changes)


def test_a_shift_may_be_negative():
    assert section(mechanisms={"K_P": {"vshift_mv": -5.0}}).value("K_P", "vshift_mv") == -5.0


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"kind": "active"}, "kind must be one of perisomatic, all-active"),
        ({"axon": "long"}, "axon must be one of stub, truncated, full or None"),
        ({"v_init_mv": float("nan")}, "v_init_mv must be finite"),
        ({"sections": {"soma": SOMA, "glia": SOMA}}, r"unknown sections \['glia'\]"),
        ({"sections": {"dend": section()}}, "a model needs a soma, got dend"),
        ({"sections": {}}, "got no section"),
        (
            {"sections": {"soma": SOMA, "axon": SOMA}},
            "mechanisms in the soma only, got some in axon",
        ),
    ],
)
def test_a_model_that_cannot_be(changes, why):
    with pytest.raises(DataError, match=why):
        model(**changes)
    assert model(kind="all-active", sections={"soma": SOMA, "axon": SOMA}).kind == "all-active"


def test_every_mechanism_has_a_place_and_a_reference():
    assert len(MECHANISMS) == 24
    for one in MECHANISMS.values():
        assert one.ion in ("na", "k", "ca", "")
        assert one.reference
        assert set(one.defaults) <= set(UNITS)
    assert {name for name, one in MECHANISMS.items() if one.ion == ""} == {"Ih"}
    assert mechanism("CaDynamics").defaults["decay_s"] == 0.08
    assert mechanism("NaV").defaults["gbar"] == 0.015
