"""The passive fit: closed forms, NEURON, recovery, the choice, and recordings that are no good.

All responses here are synthetic.
"""

import importlib.util
import math

import numpy as np
import pytest
from scipy.linalg import expm

from allentk.data import Morphology, Sweep, SweepSet
from allentk.errors import DataError, FitError
from allentk.fitting.biophysical.passive import (
    PassiveVariant,
    choose_variant,
    default_passive,
    passive_fit,
)
from allentk.fitting.biophysical.passive_modes import Electrode, PassiveModes, Pulse
from allentk.fitting.biophysical.passive_responses import PassiveResponses, passive_responses
from allentk.io import write_swc
from allentk.models.compartments import compartments
from tests.neuron_sections import ask

PULSE = Pulse(200.0, 0.002, 0.0005)
MEMBRANE = {"ri_ohm_cm": 150.0, "cm_uf_per_cm2": 1.4, "rm_ohm_cm2": 9000.0}


def cell(*rows):
    """Return a reconstruction from rows of type, x, y, z, radius and parent (row number or -1)."""
    rows = np.array(rows, dtype=float)
    return Morphology(np.arange(1, len(rows) + 1), rows[:, 0], rows[:, 1:4], rows[:, 4], rows[:, 5])


NEURON_CELL = cell(
    (1, 0, 0, 0, 8, -1),
    (3, 0, 9, 0, 1.2, 0),
    (3, 0, 60, 0, 1.0, 1),
    (3, 60, 150, 0, 0.7, 2),
    (3, -80, 190, 0, 0.6, 2),
    (4, 0, -9, 0, 1.6, 0),
    (4, 0, -330, 0, 0.9, 5),
    (4, 50, -420, 0, 0.5, 6),
    (4, -90, -460, 0, 0.5, 6),
)
LONG_SOMA = cell(
    (1, 0, 0, 0, 4, -1),
    (1, 0, 90, 0, 6, 0),
    (3, 60, 0, 0, 0.7, 0),
    (3, 130, 0, 0, 0.7, 2),
    (3, 9, 100, 0, 0.9, 1),
    (3, 9, 190, 0, 0.9, 4),
)


def modes_of(morphology, **options):
    return PassiveModes.of(compartments(morphology, axon="none", **options))


def synthetic(morphology=NEURON_CELL, *, noise_mv=0.0, electrode=None, stop_s=0.06, **membrane):
    """Return responses of a known membrane, with white noise of its own for each polarity."""
    time = np.arange(0, stop_s, 5e-5)
    tree = compartments(morphology, axon="stub")
    v = PassiveModes.of(tree).response(PULSE, time, electrode=electrode, **(MEMBRANE | membrane))
    noise = np.random.default_rng(3).normal(scale=noise_mv, size=(2, time.size))
    return PassiveResponses(time, v + noise[0], -v + noise[1], PULSE)


# --- the closed form


def test_one_compartment_is_one_exponential():
    """A ball: charge / capacitance at the end of a pulse that is short beside its time constant."""
    ball = cell((1, 0, 0, 0, 10, -1))
    time = np.array([0.0, 0.002, 0.0025, 0.0125])
    v = modes_of(ball).response(PULSE, time, ri_ohm_cm=100, cm_uf_per_cm2=1, rm_ohm_cm2=1e4)
    area_um2, tau_ms = math.pi * 400, 10.0
    r_mohm = 1e4 / (area_um2 * 1e-8) * 1e-6
    peak = 0.2 * r_mohm * (1 - math.exp(-0.5 / tau_ms))
    np.testing.assert_allclose(v, [0, 0, peak, peak * math.exp(-1)], rtol=1e-6, atol=1e-12)


def test_weights_sum_to_one_over_the_somas_area():
    tree = compartments(NEURON_CELL, axon="stub")
    modes = PassiveModes.of(tree)
    assert modes.weight_per_um2.sum() == pytest.approx(1 / tree.area_um2[0])
    assert modes.mu_per_um3[0] == pytest.approx(0, abs=1e-12)
    # The slowest mode is uniform: it alone holds the charge in the end.
    assert modes.weight_per_um2[0] == pytest.approx(1 / tree.total_area_um2)


def network(tree, membrane, electrode):
    """Return conductances (nS), capacitances (pF) of all nodes; the last two are the electrode's."""
    n = tree.n + 2
    g, c = np.zeros((n, n)), np.zeros(n)
    c[: tree.n] = 0.01 * membrane["cm_uf_per_cm2"] * tree.area_um2
    c[-2:] = electrode.capacitance_pf, 0.0
    half = 2e3 / electrode.resistance_mohm
    links = [
        (i, tree.parent[i], 1e3 / r)
        for i, r in enumerate(tree.axial_mohm(membrane["ri_ohm_cm"]))
        if i
    ]
    for one, other, link in [*links, (0, n - 2, half), (n - 2, n - 1, half)]:
        g[[one, other], [one, other]] += link
        g[[one, other], [other, one]] -= link
    g[range(tree.n), range(tree.n)] += 10 / membrane["rm_ohm_cm2"] * tree.area_um2
    return g, c


def test_the_electrode_against_its_circuit():
    """Every node of tree and electrode, those without capacitance solved for, stepped by expm."""
    electrode, tree = Electrode(40.0, 3.0), compartments(NEURON_CELL, axon="none")
    g, c = network(tree, MEMBRANE, electrode)
    keep, free = np.flatnonzero(c > 0), np.flatnonzero(c == 0)
    lift = -np.linalg.solve(g[np.ix_(free, free)], g[np.ix_(free, keep)])
    inject = np.linalg.solve(g[np.ix_(free, free)], np.eye(free.size)[-1])  # per pA at the far end
    matrix = -(g[np.ix_(keep, keep)] + g[np.ix_(keep, free)] @ lift) / c[keep, None]
    drive = -(g[np.ix_(keep, free)] @ inject) / c[keep]
    steady = -np.linalg.solve(matrix, drive) * 200.0
    on = lambda ms: steady - expm(matrix * ms) @ steady  # noqa: E731
    expected = [
        (lift @ on(0.3) + 200.0 * inject)[-1],
        (lift @ expm(matrix * 0.02) @ on(0.5))[-1],
        (lift @ expm(matrix * 3.0) @ on(0.5))[-1],
    ]
    found = modes_of(NEURON_CELL).response(
        PULSE, [0.0023, 0.00252, 0.0055], electrode=electrode, **MEMBRANE
    )
    np.testing.assert_allclose(found, expected, rtol=1e-7)


def test_a_negligible_electrode_changes_nothing():
    time = np.arange(0.004, 0.05, 1e-3)
    bare = modes_of(NEURON_CELL).response(PULSE, time, **MEMBRANE)
    through = modes_of(NEURON_CELL).response(
        PULSE, time, electrode=Electrode(1e-2, 1e-3), **MEMBRANE
    )
    np.testing.assert_allclose(through, bare, rtol=1e-4)


@pytest.mark.skipif(importlib.util.find_spec("neuron") is None, reason="NEURON has no wheel here")
def test_neuron_gives_the_same(tmp_path):
    """The whole discretised tree, ends without membrane and several segments of a soma included."""
    cells = {"branching": NEURON_CELL, "long soma": LONG_SOMA}
    run = {"ra": 150, "cm": 1.4, "rm": 9000, "current_na": 0.2, "dt": 0.0025, "tstop": 20}
    requests = [
        {
            "swc": str(write_swc(one, tmp_path / f"{name}.swc")),
            "axon": axon,
            "start": 2,
            "duration": 0.5,
        }
        | run
        for name, one in cells.items()
        for axon in ("stub", "full")
    ]
    answers = iter(ask(requests))
    for one in cells.values():
        for axon in ("stub", "full"):
            neuron = np.array(next(answers))[1000::400]  # every ms from 2.5 ms on
            time = 0.0025 + 1e-3 * np.arange(neuron.size)
            modes = PassiveModes.of(compartments(one, axon=axon))
            np.testing.assert_allclose(modes.response(PULSE, time, **MEMBRANE), neuron, rtol=1e-3)


# --- recovery


@pytest.mark.parametrize("ri", [80.0, 250.0])
@pytest.mark.parametrize("cm", [0.8, 2.5])
def test_a_known_membrane_is_found_again(ri, cm):
    fit = passive_fit(synthetic(ri_ohm_cm=ri, cm_uf_per_cm2=cm), NEURON_CELL, spiny=False)
    assert fit.variant == 1
    assert fit.chosen.ri_ohm_cm == pytest.approx(ri, rel=1e-4)
    assert fit.chosen.cm_uf_per_cm2 == pytest.approx(cm, rel=1e-4)
    assert fit.chosen.rm_ohm_cm2 == pytest.approx(9000, rel=1e-4)
    assert fit.error < 1e-9
    assert fit.notes == ()


def test_in_noise():
    """White noise of 0.02 mV: what averaging a few dozen pulses leaves."""
    fit = passive_fit(synthetic(noise_mv=0.02), NEURON_CELL, spiny=False)
    assert fit.ra_ohm_cm == pytest.approx(150, rel=0.05)
    assert fit.cm_by_section["dend"] == pytest.approx(1.4, rel=0.02)
    assert fit.chosen.rm_ohm_cm2 == pytest.approx(9000, rel=0.03)
    # Each polarity has its own noise.
    assert fit.error == pytest.approx(2 * 0.02**2, rel=0.1)


def test_through_an_electrode():
    responses = synthetic(electrode=Electrode(30.0, 4.0))
    fit = passive_fit(responses, NEURON_CELL, spiny=False, bridge_mohm=30.0, electrode_pf=4.0)
    third = fit.variants[2]
    assert third.ri_ohm_cm == pytest.approx(150, rel=1e-3)
    assert third.cm_uf_per_cm2 == pytest.approx(1.4, rel=1e-3)
    assert third.error < fit.variants[0].error


def test_the_same_result_every_time():
    responses = synthetic(noise_mv=0.05)
    first, second = (passive_fit(responses, NEURON_CELL, spiny=True) for _ in range(2))
    assert first == second


def test_where_the_fit_ends_at_a_bound():
    fit = passive_fit(synthetic(ri_ohm_cm=5.0), NEURON_CELL, spiny=False)
    assert "fit 1: Ri at its bound" in fit.notes
    assert fit.variants[0].ri_ohm_cm == pytest.approx(10.0, rel=1e-3)


# --- what models take from it


def test_a_spiny_cell_keeps_its_whole_capacitance():
    fit = passive_fit(synthetic(), NEURON_CELL, spiny=True)
    area = compartments(NEURON_CELL, axon="stub").area_by_kind_um2
    cm = fit.cm_by_section
    assert (cm["soma"], cm["axon"]) == (1.0, 1.0)
    assert cm["dend"] == cm["apic"] > 1.4
    whole = sum(cm[name] * area[name] for name in area)
    assert whole == pytest.approx(1.4 * sum(area.values()), rel=1e-4)


def test_an_aspiny_cell_has_one_capacitance():
    fit = passive_fit(synthetic(), NEURON_CELL, spiny=False)
    assert set(fit.cm_by_section) == {"soma", "axon", "dend", "apic"}
    assert set(fit.cm_by_section.values()) == {fit.chosen.cm_uf_per_cm2}
    table = fit.to_dataframe()
    assert table["variant"].tolist() == [1, 2]
    assert table["chosen"].tolist() == [True, False]
    assert table["ri_ohm_cm"][1] == 100.0


def test_a_spiny_cell_needs_dendrites():
    bare = cell((1, 0, 0, 0, 12, -1), (2, 0, 14, 0, 0.3, 0), (2, 0, 30, 0, 0.3, 1))
    with pytest.raises(FitError, match=r"no dendrites that could be spiny; take spiny=False"):
        passive_fit(synthetic(bare), bare, spiny=True)


def test_nothing_left_for_dendrites():
    stump = cell((1, 0, 0, 0, 12, -1), (3, 0, 14, 0, 0.3, 0), (3, 0, 30, 0, 0.3, 1))
    responses = synthetic(stump, cm_uf_per_cm2=0.5)
    with pytest.raises(FitError, match="leaves nothing for spiny dendrites"):
        passive_fit(responses, stump, spiny=True)


def test_without_a_capacitance_check():
    assert default_passive(spiny=False).cm_by_section["apic"] == 1.0
    spiny = default_passive(spiny=True)
    assert (spiny.variant, spiny.ra_ohm_cm, spiny.cm_by_section["dend"]) == (0, 100.0, 2.0)
    assert spiny.to_dataframe().empty


def variants(*errors, cm=(2.0, 1.8, 2.0)):
    return [
        PassiveVariant(number, 150, c, 5e3, error)
        for number, (error, c) in enumerate(zip(errors, cm, strict=False), start=1)
    ]


@pytest.mark.parametrize(
    ("fits", "chosen"),
    [
        (variants(3, 4, 2), 1),
        (variants(3, 4), 1),
        (variants(3, 2), 2),
        (variants(3, 2, 2.5), 2),
        (variants(3, 2, 1), 3),
        (variants(3, 4, 2, cm=(2.0, 1.8, 2.3)), 3),
        (variants(3, 4, 3.5, cm=(2.0, 1.8, 2.3)), 1),
    ],
)
def test_which_fit_is_used(fits, chosen):
    found, reason = choose_variant(fits)
    assert found.variant == chosen
    assert f"fit {chosen}" in reason


# --- responses


def recorded(*, rate_hz=20_000.0, n_pairs=3, number=1, offset_mv=-70.0, extra=()):
    """Return a sweep of pulses every 0.2 s, alternately up and down, after a test pulse of 10 ms."""
    current = np.zeros(round((0.3 + 0.4 * n_pairs) * rate_hz))
    current[round(0.01 * rate_hz) : round(0.02 * rate_hz)] = -50.0
    time, voltage = np.arange(current.size) / rate_hz, np.full(current.size, float(offset_mv))
    modes = PassiveModes.of(compartments(NEURON_CELL, axon="stub"))
    amplitudes = [200.0, -200.0] * n_pairs + list(extra)
    for k, amplitude in enumerate(amplitudes):
        start = round((0.06 + 0.2 * k) * rate_hz)
        current[start : start + round(0.0005 * rate_hz)] = amplitude
        voltage += modes.response(Pulse(amplitude, start / rate_hz, 0.0005), time, **MEMBRANE)
    return Sweep(voltage, current, rate_hz, number=number, stimulus="Square - 0.5ms Subthreshold")


def test_pulses_are_found_and_averaged():
    found = passive_responses(SweepSet([recorded(number=4), recorded(number=5, offset_mv=-71)]))
    assert found.n_pulses == (6, 6)
    assert (found.pulse.amplitude_pa, found.pulse.start_s, found.pulse.duration_s) == (
        200,
        0.002,
        0.0005,
    )
    assert found.notes == ()
    expected = PassiveModes.of(compartments(NEURON_CELL, axon="stub")).response(
        PULSE, found.time_s, **MEMBRANE
    )
    np.testing.assert_allclose(found.up_mv, expected, atol=1e-6)
    np.testing.assert_allclose(found.down_mv, -found.up_mv, atol=1e-6)


@pytest.mark.parametrize("held", [lambda sweep: sweep, lambda sweep: [sweep]])
def test_from_sweeps_to_a_membrane(held):
    fit = passive_fit(held(recorded()), NEURON_CELL, spiny=False)
    assert fit.ra_ohm_cm == pytest.approx(150, rel=1e-3)
    assert fit.cm_by_section["soma"] == pytest.approx(1.4, rel=1e-3)


def test_sweeps_that_nobody_numbered_are_averaged():
    assert passive_responses([recorded(number=0), recorded(number=0)]).n_pulses == (6, 6)


def test_only_the_capacitance_check_is_read():
    steps = Sweep(np.full(99, -70.0), np.zeros(99), 5e4, number=9, stimulus="Long Square")
    named = recorded(number=1)
    by_code = Sweep(named.voltage_mv, named.current_pa, 2e4, number=2, code="C1SQCAPCHK150216[0]")
    assert passive_responses(SweepSet([steps, named, by_code])).n_pulses == (6, 6)
    with pytest.raises(
        FitError, match=r"no capacitance-check sweep .* among 1 sweeps.*default_passive"
    ):
        passive_responses([steps])
    clamped = Sweep(
        named.voltage_mv, named.current_pa, 2e4, stimulus=named.stimulus, clamp="voltage"
    )
    with pytest.raises(FitError, match="no capacitance-check sweep"):
        passive_responses(SweepSet([clamped]))


def test_a_bad_sweep_costs_only_itself():
    good, bad = recorded(number=1), recorded(number=2)
    voltage = bad.voltage_mv.copy()
    voltage[5000] = np.nan
    broken = Sweep(voltage, bad.current_pa, 2e4, number=2, stimulus=bad.stimulus)
    other_rate = recorded(number=3, rate_hz=10_000.0)
    silent = Sweep(np.full(999, -70.0), np.zeros(999), 2e4, number=4, stimulus=bad.stimulus)
    unknown = Sweep(np.full(9, -70.0), np.full(9, np.nan), 2e4, number=5, stimulus=bad.stimulus)
    found = passive_responses([good, broken, other_rate, silent, unknown])
    assert found.n_pulses == (3, 3)
    assert found.notes == (
        "sweep 2: left out, the voltage after a pulse is not finite",
        "sweep 3: left out, sampled at another rate than sweep 1",
        "sweep 4: left out, no pulse of 0.2 to 1 ms found",
        "sweep 5: left out, its current is not finite",
    )


def test_pulses_of_another_amplitude_are_left_out():
    found = passive_responses([recorded(extra=[150.0])])
    assert found.n_pulses == (3, 3)
    assert found.notes == ("pulses of other amplitudes than 200 pA left out: 1",)


def test_both_signs_are_needed():
    sweep = recorded()
    upward = Sweep(sweep.voltage_mv, np.maximum(sweep.current_pa, 0), 2e4, stimulus=sweep.stimulus)
    with pytest.raises(FitError, match="both signs, got 3 positive and 0 negative"):
        passive_responses([upward])
    silent = Sweep(np.full(999, -70.0), np.zeros(999), 2e4, number=4, stimulus=sweep.stimulus)
    with pytest.raises(FitError, match="got 0 positive and 0 negative ones; sweep 4: left out"):
        passive_responses([silent])


def test_the_window_ends_where_the_responses_are_no_mirror_images():
    whole = synthetic()
    assert whole.window_s == (0.004, 0.05995)
    # From 20 ms on, downward responses are 30 % larger; the mean of 10 samples exceeds 0.2 at the 7th.
    down = np.where(whole.time_s >= 0.02 - 1e-9, 1.3 * whole.down_mv, whole.down_mv)
    start, stop = PassiveResponses(whole.time_s, whole.up_mv, down, PULSE).window_s
    assert start == 0.004
    assert stop == pytest.approx(0.02 + 6 * 5e-5)


def test_responses_that_cannot_be_fitted():
    whole = synthetic()
    with pytest.raises(FitError, match=r"no mirror images from 4\.00 ms on"):
        passive_fit(
            PassiveResponses(whole.time_s, whole.up_mv, 0.5 * whole.down_mv, PULSE),
            NEURON_CELL,
            spiny=True,
        )
    with pytest.raises(FitError, match=r"the responses end 5.0 ms after the beginning"):
        passive_fit(synthetic(stop_s=0.005), NEURON_CELL, spiny=True)


def test_responses_check_themselves():
    time = np.arange(0, 0.02, 1e-4)
    flat = np.ones_like(time)
    with pytest.raises(DataError, match="must be equally long"):
        PassiveResponses(time, flat, flat[1:], PULSE)
    with pytest.raises(DataError, match="must rise in even steps"):
        PassiveResponses(time**2, flat, -flat, PULSE)
    with pytest.raises(DataError, match="must be finite"):
        PassiveResponses(time, flat * np.nan, -flat, PULSE)
    with pytest.raises(DataError, match="the pulse must be positive and lie inside"):
        PassiveResponses(time, flat, -flat, Pulse(200.0, 0.5, 0.0005))
    with pytest.raises(DataError, match="the pulse must be positive"):
        PassiveResponses(time, flat, -flat, Pulse(-200.0, 0.002, 0.0005))
