"""The stages of the published pipeline one by one, each against an answer that is known."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from allentk.data import Sweep
from allentk.errors import FitError
from allentk.fitting.teeter_forced import Bins, forced_bins, forced_excess
from allentk.fitting.teeter_optimizer import (
    Noise,
    internal_noise,
    log_laplace,
    minimise,
    mlin,
)
from allentk.fitting.teeter_preprocessing import (
    Membrane,
    fit_currents,
    fit_cut,
    fit_membrane,
)
from allentk.fitting.teeter_threshold import (
    Component,
    fit_spike_component,
    fit_voltage_component,
    threshold_at_rest,
)
from allentk.fitting.teeter_traces import Terms, Trace, _at_step
from allentk.models import GLIFParameters

DT = 5e-5
R, C, REST = 200.0, 100.0, -70.0
TAU = R * C * 1e-6


def trace(voltage, current, spikes=(), *, number=0, start_s=math.nan, stop_s=math.nan):
    """A synthetic sweep whose spikes are given."""
    sweep = Sweep(voltage, current, 1 / DT, number=number, start_s=start_s, stop_s=stop_s)
    return Trace(sweep, sweep.voltage_mv, sweep.current_pa, DT, np.array(spikes, dtype=np.int64))


def colored(n, tau_s, sd, seed):
    """Noise with an exponential correlation."""
    rng = np.random.default_rng(seed)
    keep = math.exp(-DT / tau_s)
    kicks = sd * math.sqrt(1 - keep**2) * rng.standard_normal(n)
    out, x = np.empty(n), sd * rng.standard_normal()
    for k in range(n):
        x = keep * x + kicks[k]
        out[k] = x
    return out


def euler(current, v=0.0):
    """Voltage above rest of the membrane in forward Euler, the first value given."""
    out = np.empty(current.size)
    for k in range(current.size):
        out[k] = v
        v += DT * (current[k] / C * 1e3 - v / TAU)
    return out


def strict():
    return Terms(strict=True)


def test_membrane_of_a_silent_beginning_is_exact():
    current = colored(180_000, 0.005, 40.0, 1)
    current[: round(1 / DT)] = 0.0
    voltage = euler(current) + REST
    one = trace(voltage, current, [170_000], start_s=1.0, stop_s=8.9)
    found = fit_membrane([one, one], strict())
    assert found.R_mohm == pytest.approx(R, rel=1e-6)
    assert found.C_pf == pytest.approx(C, rel=1e-8)
    assert found.rest_mv == pytest.approx(REST, abs=1e-9)
    assert found.r_mohm_by_sweep == pytest.approx((R, R), rel=1e-6)


def test_membrane_without_a_silent_beginning_is_told_or_refused():
    current = colored(100_000, 0.005, 40.0, 2)
    voltage = euler(current) + REST
    spikes = [20_000, 60_000]
    for spike in spikes:
        voltage[spike - 20 : spike + 150] += 50.0
    one = trace(voltage, current, spikes)
    terms = Terms(strict=False)
    found = fit_membrane([one], terms)
    assert found.R_mohm == pytest.approx(R, rel=1e-6)
    assert found.rest_mv == pytest.approx(REST, abs=1e-6)
    assert len(terms.notes) == 2
    with pytest.raises(FitError, match="no subthreshold beginning"):
        fit_membrane([one], strict())
    with pytest.raises(FitError, match="current that varies"):
        fit_membrane([trace(voltage, 0 * current, spikes)], Terms(strict=False))
    with pytest.raises(FitError, match="no passive membrane"):
        fit_membrane([trace(voltage, -current, spikes)], Terms(strict=False))


def cut_example(n_cut, slope, intercept, *, jump_mv=0.0):
    """Spikes whose voltage is a line of the threshold's after exactly `n_cut` steps, and there alone."""
    rng = np.random.default_rng(3)
    voltage = np.full(100_000, REST)
    spikes = np.arange(5000, 95_000, 5000)
    for spike in spikes.tolist():
        threshold = 20.0 + rng.normal(0, 3)
        voltage[spike : spike + 400] = REST + rng.normal(10, 5, 400) + jump_mv
        voltage[spike] = REST + threshold
        voltage[spike + n_cut] = REST + slope * threshold + intercept
    return trace(voltage, np.zeros(voltage.size), spikes)


@pytest.mark.parametrize("n_cut", [20, 76, 200])
def test_cut_and_reset_are_found_again(n_cut):
    found = fit_cut([cut_example(n_cut, 0.4, 3.0)], REST, strict())
    assert found.t_ref_s == pytest.approx(n_cut * DT)
    assert found.slope == pytest.approx(0.4, rel=1e-9)
    assert found.intercept_mv == pytest.approx(3.0, rel=1e-9)


def test_residuals_are_summed_not_squared():
    """One spike far off its line costs less than all of them a little, and would not in squares."""
    example = cut_example(80, 0.4, 3.0)
    voltage = np.array(example.voltage_mv)
    voltage[example.spikes[4] + 80] += 60.0
    for number, spike in enumerate(example.spikes.tolist()):
        for end in (*range(1, 80), *range(81, 201)):
            voltage[spike + end] = REST + 20.0 * (number % 2)
    above = voltage - REST
    threshold = above[example.spikes]
    ends = np.arange(20, 201)
    after = above[example.spikes[:, None] + ends]
    lines = [np.polyval(np.polyfit(threshold, column, 1), threshold) for column in after.T]
    squares = ((after - np.array(lines).T) ** 2).sum(axis=0)
    assert ends[squares.argmin()] != 80
    found = fit_cut([trace(voltage, example.current_pa, example.spikes)], REST, strict())
    assert found.t_ref_s == pytest.approx(80 * DT)


def test_a_spike_that_ends_near_its_peak_is_mended_unless_strict():
    example = cut_example(30, 1.0, 60.0)
    assert fit_cut([example], REST, strict()).intercept_mv == pytest.approx(60.0)
    terms = Terms(strict=False)
    found = fit_cut([example], REST, terms)
    assert found.slope * 20 + found.intercept_mv < 20
    assert "above its threshold" in terms.notes[0]


def test_the_shortest_interval_bounds_the_cut():
    example = cut_example(100, 0.4, 3.0)
    near = np.sort(np.append(example.spikes, example.spikes[0] + 60))
    found = fit_cut([trace(example.voltage_mv, example.current_pa, near)], REST, strict())
    assert found.t_ref_s <= 60 * DT
    with pytest.raises(FitError, match="do not tell how long"):
        fit_cut([trace(example.voltage_mv, example.current_pa, near[:2])], REST, strict())


def with_currents(amp, rates, spikes, n_cut, seed):
    """A membrane reset at each spike, with currents counted from the crossing."""
    current = colored(80_000, 0.005, 60.0, seed)
    voltage, v, asc, gone = np.empty(80_000), 0.0, np.zeros(2), -1
    keep = np.exp(-np.array(rates) * DT)
    for k in range(80_000):
        if k in spikes:
            asc = asc + amp
            gone = k + n_cut
        if k == gone:
            v = -3.0
        voltage[k] = v
        v += DT * ((current[k] + asc.sum()) / C * 1e3 - v / TAU)
        asc = asc * keep
    return trace(voltage + REST, current, sorted(spikes))


def test_afterspike_currents_are_found_again():
    """Rates so fast that nothing is left of a current after 0.4 s, where the regressor is cut off."""
    spikes = {9000, 12_000, 30_000, 31_000, 55_000}
    amp, rates, n_cut = np.array([-90.0, 240.0]), (100.0, 300.0), 76
    pair = [with_currents(amp, rates, spikes, n_cut, seed) for seed in (4, 5)]
    wrong_r = Membrane(REST, 0.8 * R, C, (), ())
    found = fit_currents(pair, wrong_r, n_cut * DT)
    assert found.rate_per_s == rates
    assert found.amp_pa == pytest.approx(amp, rel=1e-6)
    assert found.R_mohm == pytest.approx(R, rel=1e-6)
    upside_down = [trace(-t.voltage_mv + 2 * REST, t.current_pa, t.spikes) for t in pair]
    with pytest.raises(FitError, match="fit a level without"):
        fit_currents(upside_down, wrong_r, n_cut * DT)


def triples(a, b, intervals_s, threshold=-48.0):
    """Triple short squares whose second threshold is raised by ``a exp(-b t)``."""
    out = []
    for apart in intervals_s:
        voltage = np.full(60_000, REST)
        spikes = [20_100, 20_100 + round(apart / DT), 55_000]
        voltage[spikes[0]] = threshold
        voltage[spikes[1]] = threshold + a * math.exp(-b * round(apart / DT) * DT)
        voltage[spikes[2]] = 0.0
        out.append(trace(voltage, np.zeros(60_000), spikes, start_s=1.0, stop_s=1.3))
    return out


def test_decay_of_thresholds_in_triple_squares():
    found = fit_spike_component(triples(4.0, 60.0, [0.005, 0.01, 0.02, 0.05]), 0.003)
    assert found.b_per_s == pytest.approx(60.0, rel=1e-5)
    assert found.a == pytest.approx(4.0 * math.exp(-60.0 * 0.003), rel=1e-5)


def test_a_threshold_that_falls_has_no_spike_dependent_part():
    assert fit_spike_component(triples(-4.0, 60.0, [0.005, 0.01, 0.02]), 0.003) == Component(0, 0)
    growing = fit_spike_component(triples(0.1, -40.0, [0.005, 0.03, 0.09]), 0.003)
    assert growing == Component(0, 0)
    assert fit_spike_component(triples(4.0, 60.0, [0.005]), 0.003) is None
    late = [
        trace(t.voltage_mv, t.current_pa, t.spikes[[0, 2]], start_s=1.0, stop_s=1.3)
        for t in triples(4.0, 60.0, [0.005, 0.01])
    ]
    assert fit_spike_component(late, 0.003) is None
    alone = [
        trace(t.voltage_mv, t.current_pa, t.spikes[:1], start_s=1.0, stop_s=1.3)
        for t in triples(4.0, 60.0, [0.005, 0.01])
    ]
    assert fit_spike_component(alone, 0.003) is None


def test_voltage_dependent_threshold_is_found_again():
    """Thresholds carried step by step from spike to spike, fixed in the refractory time."""
    a, b, th_inf, spike, n_ref = 3.0, 20.0, 18.0, Component(2.0, 50.0), 60
    spikes = [4000, 5500, 9000, 10_200, 16_000, 19_000]
    above = 10.0 + colored(20_000, 0.02, 4.0, 6)
    thv, ths = 1.5, 0.0
    above[spikes[0]] = th_inf + thv + ths
    for first, last in itertools.pairwise(spikes):
        ths = ths * math.exp(-spike.b_per_s * n_ref * DT) + spike.a
        for k in range(first + n_ref, last):
            steady = a * above[k] / b
            thv = steady + (thv - steady) * math.exp(-b * DT)
            ths *= math.exp(-spike.b_per_s * DT)
        above[last] = th_inf + thv + ths
    one = trace(above + REST, np.zeros(20_000), spikes)
    found = fit_voltage_component([one], REST, n_ref * DT, th_inf, spike)
    assert found.a == pytest.approx(a, rel=1e-3)
    assert found.b_per_s == pytest.approx(b, rel=1e-3)
    with pytest.raises(FitError, match="no sweep of noise has two spikes"):
        fit_voltage_component(
            [trace(above, np.zeros(20_000), [4000])], REST, n_ref * DT, th_inf, spike
        )


def test_a_threshold_that_grows_by_itself_is_refused():
    spikes = np.arange(2000, 18_000, 2000)
    above = np.full(20_000, 0.0)
    above[spikes] = 20.0 + 0.5 * np.exp(0.4 * np.arange(spikes.size))
    with pytest.raises(FitError, match="grow by itself"):
        fit_voltage_component(
            [trace(above + REST, 0 * above, spikes)], REST, 60 * DT, 20.0, Component(0, 0)
        )


def test_threshold_at_rest():
    voltage = np.full(20_000, REST)
    voltage[[12_000, 12_500]] = [-45.0, -40.0]
    square = trace(voltage, 0 * voltage, [12_000, 12_500], start_s=0.5, stop_s=0.7)
    assert threshold_at_rest(square, [], -60.0, strict()) == pytest.approx(25.0)
    terms = Terms(strict=False)
    assert threshold_at_rest(None, [square], REST, terms) == pytest.approx(27.5)
    assert "Short Square" in terms.notes[0]
    with pytest.raises(FitError, match="Short Square"):
        threshold_at_rest(None, [square], REST, strict())
    early = trace(voltage, 0 * voltage, [12_000], start_s=0.01, stop_s=0.7)
    with pytest.raises(FitError, match=r"no rest of 0\.1 s"):
        threshold_at_rest(early, [], REST, strict())


FULL = GLIFParameters(
    level=5,
    C_pf=C,
    R_mohm=R,
    E_L_mv=REST,
    th_inf_mv=20.0,
    t_ref_s=0.003,
    asc_amp_pa=(-20.0, 90.0),
    asc_tau_s=(0.1, 0.01),
    reset_a=0.3,
    reset_b_mv=-2.0,
    th_spike_a_mv=3.0,
    th_spike_b_per_s=40.0,
    th_voltage_a_per_s=2.0,
    th_voltage_b_per_s=15.0,
)


def forced_plainly(model, current, spikes):
    """The forced run step by step, the threshold's drive by fine integration in each step."""
    rate, phi = 1 / model.tau_m_s, model.th_voltage_a_per_s
    b, n_ref = model.th_voltage_b_per_s, round(model.t_ref_s / DT)
    asc_keep = np.exp(-DT / np.array(model.asc_tau_s))
    v = ths = thv = 0.0
    asc, start, out = np.zeros(2), 0, []
    fine = (np.arange(200) + 0.5) / 200 * DT
    for spike in spikes:
        excess = []
        for k in range(start, spike):
            excess.append(v - ths - thv)
            steady = model.R_mohm * 1e-3 * (current[k] + asc.sum())
            inside = steady + (v - steady) * np.exp(-rate * fine)
            thv = thv * math.exp(-b * DT) + phi * (inside * np.exp(-b * (DT - fine))).mean() * DT
            v += DT * rate * (steady - v)
            asc = asc * asc_keep
            ths *= math.exp(-model.th_spike_b_per_s * DT)
        out.append([*excess, v - ths - thv])
        v = model.reset_a * v + model.reset_b_mv
        ths = ths * math.exp(-model.th_spike_b_per_s * n_ref * DT) + model.th_spike_a_mv
        asc = np.array(model.asc_amp_pa) + asc * asc_keep**n_ref
        start = spike + n_ref
    return out


def test_forced_run_is_the_plain_loop():
    current = 80.0 + colored(6000, 0.005, 50.0, 7)
    spikes = [1500, 1900, 5000]
    got = forced_excess(trace(0 * current, current, spikes), FULL, multiplier=1)
    for mine, plain in zip(got, forced_plainly(FULL, current, spikes), strict=True):
        assert mine == pytest.approx(plain, rel=1e-6, abs=1e-8)


def test_coarse_steps_follow_the_same_equations():
    """Half a millisecond is coarse; the difference shrinks with the step."""
    current = 80.0 + colored(6000, 0.02, 20.0, 8)
    one = trace(0 * current, current, [1500, 1900, 5000])
    exact = np.concatenate(forced_excess(one, FULL, multiplier=1))
    apart = [
        np.abs(np.concatenate(forced_excess(one, FULL, multiplier=m)) - exact).max()
        for m in (4, 16)
    ]
    assert 0 < apart[0] < apart[1] / 2 < 1.0


def test_drive_of_the_threshold_where_the_rates_agree():
    """With b_v = G/C and with b_v = 0 the propagator has limits."""
    current = np.full(3000, 50.0)
    one = trace(0 * current, current, [3000 - 1])
    for b in (1 / FULL.tau_m_s, 0.0):
        values = {**FULL.to_dict(), "th_voltage_b_per_s": b}
        model = GLIFParameters.from_dict(values)
        near = GLIFParameters.from_dict({**values, "th_voltage_b_per_s": b + 1e-4})
        at, beside = (forced_excess(one, m, multiplier=10)[0][-1] for m in (model, near))
        assert at == pytest.approx(beside, abs=1e-4)


LIF = GLIFParameters(level=1, C_pf=C, R_mohm=R, E_L_mv=REST, th_inf_mv=20.0, t_ref_s=0.003)


def test_bins_hold_the_largest_excess():
    current = np.linspace(0, 200, 8000)
    one = trace(0 * current, current, [4000, 7000])
    bins = forced_bins([one], LIF, 0.05, multiplier=1)
    first, second = forced_excess(one, LIF, multiplier=1)
    # 3900 steps in bins of 1000, then 2940 - 100 - ...; the rest goes to the bin of the spike.
    assert bins.silent_mv.size == 4 + 3
    assert bins.silent_mv[0] == pytest.approx(first[999])
    assert bins.silent_mv[3] == pytest.approx(first[3899])
    assert bins.silent_mv[6] == pytest.approx(second[second.size - 102])
    assert bins.spiking_mv == pytest.approx([first[-1], second[-1]])


def test_spikes_closer_than_a_bin_have_no_silent_bin():
    current = np.full(4000, 100.0)
    bins = forced_bins([trace(0 * current, current, [3000, 3060, 3100])], LIF, 0.05, multiplier=10)
    assert bins.spiking_mv.size == 3
    assert bins.silent_mv.size == 3
    assert bins.spiking_mv[1] == 0.0
    assert not forced_bins([trace(0 * current, current)], LIF, 0.05, multiplier=10).spiking_mv.size


def test_the_low_pass_comes_before_the_average():
    """A tone of 15 kHz is taken down to less than half of what the average alone would leave."""
    rate = 200_000.0
    time_s = np.arange(40_000) / rate
    tone = 10.0 * np.sin(2 * np.pi * 15_000 * time_s)
    slow = 5.0 * np.sin(2 * np.pi * 20 * time_s)
    held = _at_step(Sweep(slow + tone, tone, rate), DT)
    assert held.sampling_rate_hz == pytest.approx(20_000)
    assert held.current_pa == pytest.approx(tone.reshape(-1, 10).mean(axis=1), abs=1e-6)
    inside = slice(400, -400)
    left = (held.voltage_mv - slow.reshape(-1, 10).mean(axis=1))[inside]
    assert left.std() < 0.5 * held.current_pa[inside].std()


def test_likelihood_is_that_of_laplace_noise():
    x = np.array([-40.0, -3.0, -0.1, 0.0, 0.2, 4.0, 60.0])
    assert log_laplace(x, 1.5) == pytest.approx(stats.laplace.logcdf(x, scale=1.5), rel=1e-12)
    bins = Bins(np.array([15.0, 19.0, 21.0]), np.array([18.0, 24.0]))
    laplace = stats.laplace(scale=0.8)
    expected = (
        -laplace.logcdf(20.0 - bins.silent_mv).sum() - laplace.logsf(20.0 - bins.spiking_mv).sum()
    )
    assert mlin(bins, 20.0, 0.8) == pytest.approx(expected, rel=1e-12)


def test_the_optimum_moves_the_threshold_to_the_cells_own():
    """A cell with a threshold of 20 mV, from a start 30 % above and one 20 % below."""
    current = 95.0 + colored(100_000, 0.005, 80.0, 9)
    v, spikes, silent = 0.0, [], 0
    for k in range(current.size):
        if silent:
            silent -= 1
            continue
        v += DT * (current[k] / C * 1e3 - v / TAU)
        if v > 20.0:
            spikes.append(k)
            v, silent = 0.0, 59
    assert len(spikes) > 20
    cell = [trace(0 * current, current, spikes)]
    for start in (26.0, 16.0):
        model = GLIFParameters.from_dict({**LIF.to_dict(), "th_inf_mv": start})
        found = minimise(cell, model, Noise(0.2, 0.02), seed=0)
        assert found.converged
        assert found.coefficient * start == pytest.approx(20.0, rel=0.03)
        assert found.mlin == min(each.mlin for each in found.rounds)
        assert found == minimise(cell, model, Noise(0.2, 0.02), seed=0)
        assert found != minimise(cell, model, Noise(0.2, 0.02), seed=1)
    twice = minimise([*cell, *cell], model, Noise(0.2, 0.02), seed=0)
    assert twice.mlin == pytest.approx(found.mlin, rel=1e-9)


def test_a_step_that_runs_away_costs_only_itself():
    """The membrane of 0.2 ms blows up at steps of 5 and 1.6 ms, and the search goes on at 0.5 ms."""
    fast = GLIFParameters.from_dict({**LIF.to_dict(), "C_pf": 1.0, "R_mohm": 300.0})
    current = np.abs(colored(60_000, 0.005, 40.0, 10))
    found = minimise([trace(0 * current, current, [50_000])], fast, Noise(0.2, 0.02), seed=0)
    assert math.isfinite(found.coefficient)


def test_internal_noise_of_a_long_square():
    voltage = REST + colored(120_000, 0.02, 0.5, 11)
    square = trace(voltage, 0 * voltage, start_s=0.5, stop_s=6.0)
    part = voltage[20_000:120_000]
    found = internal_noise(square, [], strict())
    assert found.scale_mv == pytest.approx(part.std() / math.sqrt(2), rel=1e-9)
    assert found.tau_s == pytest.approx(0.02, rel=0.2)
    flat = trace(np.full(120_000, REST), 0 * voltage, start_s=0.5, stop_s=6.0)
    with pytest.raises(FitError, match="does not vary"):
        internal_noise(flat, [], strict())


def test_internal_noise_of_repeats():
    common = 10 * np.sin(np.arange(100_000) * DT * 20)
    repeats = []
    for seed in range(4):
        voltage = common + colored(100_000, 0.02, 0.5, 20 + seed)
        spike = 10_000 + 15_000 * seed
        voltage[spike : spike + 100] += 80.0
        repeats.append(trace(voltage, common, [spike]))
    terms = Terms(strict=False)
    found = internal_noise(None, repeats, terms)
    assert found.scale_mv == pytest.approx(0.5 / math.sqrt(2), rel=0.1)
    assert found.tau_s == pytest.approx(0.02, rel=0.3)
    assert "Long Square" in terms.notes[0]
    with pytest.raises(FitError, match="Long Square"):
        internal_noise(None, repeats, strict())
    with pytest.raises(FitError, match="nor a repeat"):
        internal_noise(None, repeats[:1], Terms(strict=False))
