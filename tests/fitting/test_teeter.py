"""The published pipeline on a synthetic cell that has all the protocols."""

import math
from dataclasses import fields

import numpy as np
import pytest

from allentk.data import Sweep, SweepSet
from allentk.errors import ConfigError, FitError
from allentk.fitting.result import FitResult, Reason
from allentk.fitting.teeter import exclusions, fit_teeter
from allentk.fitting.teeter_traces import smallest_spiking_square, strongest_silent_square
from allentk.models import GLIFParameters

RATE, DT = 20_000.0, 5e-5
CELL = GLIFParameters(
    level=4,
    C_pf=100.0,
    R_mohm=200.0,
    E_L_mv=-70.0,
    th_inf_mv=20.0,
    t_ref_s=0.004,
    asc_amp_pa=(-25.0, -60.0),
    asc_tau_s=(1 / 10, 1 / 100),
    reset_a=0.3,
    reset_b_mv=-1.0,
    th_spike_a_mv=3.0,
    th_spike_b_per_s=40.0,
)
N_REF = 80


def colored(n, tau_s, sd, seed):
    rng = np.random.default_rng(seed)
    keep = math.exp(-DT / tau_s)
    kicks = (sd * math.sqrt(1 - keep**2) * rng.standard_normal(n)).tolist()
    out, x = [], 0.0
    for kick in kicks:
        x = keep * x + kick
        out.append(x)
    return np.array(out)


def answer(current, *, seed=0):
    """Run the cell step by step with a little noise, and paint a spike into each refractory time."""
    v = ths = 0.0
    a, b = np.array(CELL.asc_amp_pa).tolist(), [math.exp(-DT / t) for t in CELL.asc_tau_s]
    asc, keep_ths, silent = [0.0, 0.0], math.exp(-CELL.th_spike_b_per_s * DT), 0
    voltage, spikes = np.empty(current.size), []
    for k, injected in enumerate(current.tolist()):
        if silent:
            silent -= 1
            voltage[k] = v
            continue
        v += DT * ((injected + asc[0] + asc[1]) / CELL.C_pf * 1e3 - v / CELL.tau_m_s)
        asc = [asc[0] * b[0], asc[1] * b[1]]
        ths *= keep_ths
        voltage[k] = v
        if v > CELL.th_inf_mv + ths:
            spikes.append(k)
            v = CELL.reset_a * v + CELL.reset_b_mv
            asc = [a[j] + asc[j] * b[j] ** N_REF for j in (0, 1)]
            ths = ths * keep_ths**N_REF + CELL.th_spike_a_mv
            silent = N_REF
    rng = np.random.default_rng(seed)
    for k in spikes:
        peak, shoulder = rng.normal(90, 8), rng.normal(8, 4)
        shape = np.interp(np.arange(N_REF), [0, 8, 30, N_REF], [15.0, peak, shoulder, 0.0])
        span = slice(k + 1, min(k + N_REF, voltage.size))
        voltage[span] += shape[: span.stop - span.start]
    return voltage + colored(current.size, 0.03, 0.2, seed) + CELL.E_L_mv


def noise_current(seed):
    """Rest, a weak epoch until 6 s, rest, a strong epoch from 8 s on."""
    current = 40.0 * colored(round(14 * RATE), 0.005, 1.0, seed)
    level = np.zeros(current.size)
    level[round(1.0 * RATE) : round(6.0 * RATE)] = 30.0
    level[round(8.0 * RATE) : round(13.5 * RATE)] = 110.0
    return np.where(level > 0, level + current * np.where(level > 50, 1.5, 0.5), 0.0)


def pulses(amplitude, starts_s, length_s, duration_s):
    current = np.zeros(round(duration_s * RATE))
    for start in starts_s:
        current[round(start * RATE) : round((start + length_s) * RATE)] = amplitude
    return current


def sweep(number, stimulus, current, start_s, stop_s, amplitude=math.nan, seed=None):
    voltage = answer(current, seed=number if seed is None else seed)
    return Sweep(voltage, current, RATE, number, stimulus, "", amplitude, start_s, stop_s)


def recording():
    """Noise 1 twice, short squares, triples 10 to 60 ms apart, long squares; all synthetic."""
    frozen = noise_current(1)
    out = [sweep(n, "Noise 1", frozen, 1.0, 13.5) for n in (1, 2)]
    for n, amplitude in enumerate((500.0, 1100.0, 1200.0), 10):
        current = pulses(amplitude, [1.0], 0.003, 1.5)
        out.append(sweep(n, "Short Square", current, 1.0, 1.003, amplitude))
    for n, apart in enumerate((0.012, 0.02, 0.03, 0.05), 20):
        current = pulses(1500.0, [1.0, 1.0 + apart, 1.0 + 2 * apart], 0.003, 1.5)
        stop = 1.003 + 2 * apart
        out.append(sweep(n, "Short Square - Triple", current, 1.0, stop, 1500.0))
    for n, amplitude in enumerate((-50.0, 40.0, 80.0, 200.0), 30):
        current = pulses(amplitude, [0.5], 1.0, 2.0)
        out.append(sweep(n, "Long Square", current, 0.5, 1.5, amplitude))
    return out


@pytest.fixture(scope="module")
def cell():
    return SweepSet(recording(), metadata={"synthetic": True})


@pytest.fixture(scope="module")
def fits(cell):
    return {level: fit_teeter(cell, level=level, strict=True) for level in range(1, 6)}


def without(cell, stimulus):
    return cell.where(stimulus=lambda name: name != stimulus)


@pytest.mark.parametrize("level", range(1, 6))
def test_every_level_is_fitted_as_published(fits, level):
    fit = fits[level]
    assert isinstance(fit, FitResult)
    assert fit.model.level == level
    assert fit.sweeps == (1, 2)
    assert fit.notes == ()
    assert fit.reason is Reason.CONVERGED
    assert fit.score > 0.7
    assert fit.history["stage"].tolist() == [
        "preprocessing",
        "restart 1",
        "restart 2",
        "restart 3",
    ]
    assert fit.history["score"].iloc[-1] == fit.score
    assert fit.history["evaluations"].iloc[-1] == fit.evaluations


def test_the_cell_is_found_again(fits):
    model = fits[4].model
    assert model.C_pf == pytest.approx(CELL.C_pf, rel=0.02)
    assert model.R_mohm == pytest.approx(CELL.R_mohm, rel=0.02)
    assert model.E_L_mv == pytest.approx(CELL.E_L_mv, abs=0.2)
    assert model.t_ref_s == pytest.approx(CELL.t_ref_s, abs=1e-4)
    assert model.asc_tau_s == pytest.approx(CELL.asc_tau_s)
    assert model.asc_amp_pa == pytest.approx(CELL.asc_amp_pa, rel=0.05)
    assert fits[4].details["coefficient"] * fits[4].details["preprocessing"][
        "th_inf_mv"
    ] == pytest.approx(model.th_inf_mv)
    assert model.th_inf_mv == pytest.approx(CELL.th_inf_mv, rel=0.1)
    assert fits[5].score > fits[1].score


def test_levels_share_what_they_share(fits):
    one, two, three, four, five = (fits[level].model for level in range(1, 6))
    assert one.R_mohm == two.R_mohm
    assert three.R_mohm == four.R_mohm == five.R_mohm != one.R_mohm
    assert len({m.C_pf for m in (one, two, three, four, five)}) == 1
    assert three.asc_amp_pa == four.asc_amp_pa == five.asc_amp_pa
    assert (two.reset_a, two.th_spike_a_mv) == (four.reset_a, four.th_spike_a_mv)
    assert two.th_spike_a_mv > 0
    assert five.th_voltage_b_per_s > 0


def test_the_same_seed_is_the_same_fit(cell, fits):
    again = fit_teeter(cell, level=3)
    assert again.model == fits[3].model
    assert again.history.equals(fits[3].history)
    other = fit_teeter(cell, level=3, seed=1)
    assert other.evaluations != again.evaluations
    assert other.model.th_inf_mv == pytest.approx(again.model.th_inf_mv, rel=1e-2)


def test_defects_are_those_published(cell, fits):
    """A tenth of the refractory time in the score, amplitudes that did not decay; all else alike."""
    mended, defect = fits[3].model, fit_teeter(cell, level=3, defects=True)
    assert defect.model.t_ref_s == pytest.approx(mended.t_ref_s / 10)
    for wrong, right, tau in zip(
        defect.model.asc_amp_pa, mended.asc_amp_pa, mended.asc_tau_s, strict=True
    ):
        assert wrong == pytest.approx(right * math.exp(mended.t_ref_s / tau))
    changed = {
        field.name
        for field in fields(mended)
        if getattr(mended, field.name) != getattr(defect.model, field.name)
    }
    assert changed == {"t_ref_s", "asc_amp_pa", "th_inf_mv"}
    assert defect.details["preprocessing"] == fits[3].details["preprocessing"]
    assert defect.details["defects"] is True
    assert defect.score != fits[3].score


@pytest.mark.parametrize(
    ("missing", "level", "message"),
    [
        ("Short Square", 1, r"'Short Square'\)"),
        ("Short Square - Triple", 2, "Short Square - Triple"),
        ("Short Square - Triple", 5, "Short Square - Triple"),
        ("Long Square", 1, "Long Square"),
    ],
)
def test_a_missing_protocol_is_replaced_or_refused(cell, missing, level, message):
    rest = without(cell, missing)
    with pytest.raises(FitError, match=message):
        fit_teeter(rest, level=level, strict=True)
    fit = fit_teeter(rest, level=level)
    assert len(fit.notes) == 1
    assert missing in fit.notes[0]
    assert fit.score > 0.3


def test_triples_are_needed_only_where_they_are_used(cell, fits):
    assert fit_teeter(without(cell, "Short Square - Triple"), level=3, strict=True).model == (
        fits[3].model
    )


def test_the_right_squares_are_chosen(cell):
    """The weakest short square that makes a spike, the strongest long one that makes none."""
    square, silent = smallest_spiking_square(cell, DT), strongest_silent_square(cell, DT)
    assert square.sweep.amplitude_pa == 1100.0
    assert silent.sweep.amplitude_pa == 80.0
    unnamed = SweepSet(
        [
            Sweep(s.voltage_mv, s.current_pa, RATE, s.number, s.stimulus, "", math.nan, *window(s))
            for s in cell
        ]
    )
    assert smallest_spiking_square(unnamed, DT).number == square.number
    assert strongest_silent_square(unnamed, DT).number == silent.number
    unknown = SweepSet(
        [Sweep(s.voltage_mv, s.current_pa, RATE, s.number, s.stimulus) for s in cell]
    )
    assert strongest_silent_square(unknown, DT) is None


def window(sweep):
    return sweep.start_s, sweep.stop_s


def test_only_spiking_short_squares_are_half_of_a_protocol(cell):
    halved = cell.where(number=lambda n: n != 10)
    assert len(halved) == len(cell) - 1
    with pytest.raises(FitError, match=r"no short squares above and below"):
        fit_teeter(halved, level=1, strict=True)


def test_the_noise_cannot_be_replaced_by_another(cell):
    with pytest.raises(FitError, match="no current-clamp sweep of 'Noise 3'"):
        fit_teeter(cell, level=1, train="Noise 3")
    single = cell.where(number=lambda n: n != 2)
    with pytest.raises(FitError, match="fewer than two repeats"):
        fit_teeter(single, level=1, strict=True)
    assert "Fewer than two repeats" in fit_teeter(single, level=1).notes[0]


def test_nameless_noise_is_taken_with_a_note(cell):
    unnamed = [
        Sweep(s.voltage_mv, s.current_pa, RATE, s.number) for s in cell.where(stimulus="Noise 1")
    ]
    notes = fit_teeter(SweepSet(unnamed), level=1).notes
    assert "the sweeps [1, 2], which have no name" in notes[0]
    with pytest.raises(FitError, match="no sweep is named 'Noise 1'"):
        fit_teeter(SweepSet(unnamed), level=1, strict=True)


def test_slower_sampling_is_told():
    """At 10 kHz all steps are longer."""
    slow = [
        Sweep(
            s.voltage_mv[::2],
            s.current_pa.reshape(-1, 2).mean(axis=1),
            RATE / 2,
            s.number,
            s.stimulus,
            "",
            s.amplitude_pa,
            s.start_s,
            s.stop_s,
        )
        for s in recording()
    ]
    fit = fit_teeter(SweepSet(slow), level=1)
    assert "10000 Hz is below the 20 kHz" in fit.notes[0]
    assert fit.model.C_pf == pytest.approx(CELL.C_pf, rel=0.1)


def test_faster_sampling_is_filtered_and_averaged(cell, fits):
    """The same cell, its samples held for ten; the low-pass takes away their edges alone."""
    fast = [
        Sweep(
            np.repeat(s.voltage_mv, 10),
            np.repeat(s.current_pa, 10),
            RATE * 10,
            s.number,
            s.stimulus,
            "",
            s.amplitude_pa,
            s.start_s,
            s.stop_s,
        )
        for s in cell
        if s.stimulus != "Short Square - Triple"
    ]
    fit = fit_teeter(SweepSet(fast), level=1, strict=True)
    assert fit.model.C_pf == pytest.approx(fits[1].model.C_pf, rel=0.05)
    assert fit.model.th_inf_mv == pytest.approx(fits[1].model.th_inf_mv, rel=0.05)
    assert fit.score == pytest.approx(fits[1].score, abs=0.1)


def test_what_cannot_be_fitted_is_told(cell):
    with pytest.raises(ConfigError, match="levels are 1 to 5"):
        fit_teeter(cell, level=6)
    one = cell.sweep(1)
    broken = np.array(one.voltage_mv)
    broken[30] = np.nan
    with pytest.raises(FitError, match=r"not finite at 0\.0015"):
        fit_teeter(SweepSet([Sweep(broken, one.current_pa, RATE, 1, "Noise 1")]), level=1)
    silent = Sweep(np.full(50_000, -70.0), np.zeros(50_000), RATE, 1, "Noise 1")
    with pytest.raises(FitError, match="fewer than three spikes"):
        fit_teeter(SweepSet([silent]), level=1)
    other = Sweep(one.voltage_mv, one.current_pa[::-1], RATE, 3, "Noise 1")
    with pytest.raises(FitError, match="sweep 3 is no repeat of sweep 1"):
        fit_teeter(SweepSet([one, other]), level=1)


def test_exclusions_are_the_published_ones():
    values = CELL.to_dict()

    def excluded(score=0.5, **changes):
        return exclusions(GLIFParameters.from_dict({**values, **changes}), score)

    assert excluded() == ()
    assert excluded(reset_b_mv=31.0) == ("reset intercept above 30 mV",)
    assert excluded(th_inf_mv=9.0) == ("threshold below -60 mV",)
    assert excluded(R_mohm=1001.0) == ("resistance above 1000 MOhm",)
    assert len(excluded(th_spike_a_mv=0.0)) == 1
    assert excluded(th_spike_b_per_s=9.0) == ("spike-dependent threshold lasts longer than 0.1 s",)
    assert len(excluded(level=5, th_voltage_a_per_s=-51.0, th_voltage_b_per_s=0.05)) == 2
    lif = GLIFParameters(level=1, C_pf=100, R_mohm=200, E_L_mv=-70, th_inf_mv=20, t_ref_s=0.003)
    assert exclusions(lif, 0.1) == ("GLIF1 explains less than 0.2",)
    assert exclusions(lif, 0.3) == ()
