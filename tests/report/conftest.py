"""A tiny cell, network and session, made up."""

import numpy as np
import pandas as pd
import pytest

from allentk import features
from allentk.benchmark import Benchmark, Reference
from allentk.data import NetworkResponse, SpikeTrains, StimulusTable, Sweep, SweepSet, Traces
from allentk.fitting import FitResult, GLIFFitter, Reason
from allentk.models import GLIFParameters
from allentk.report import CellPage, NetworkPage, ObservatoryPage
from allentk.responses import drifting_gratings

RATE = 10_000.0
MODEL = GLIFParameters(
    level=3,
    C_pf=100.0,
    R_mohm=200.0,
    E_L_mv=-70.0,
    th_inf_mv=20.0,
    t_ref_s=0.003,
    asc_amp_pa=(-10.0,),
    asc_tau_s=(0.1,),
)
SPIKE = np.concatenate([np.linspace(20, 90, 6), np.linspace(70, -5, 20)])


def sweep(number, stimulus, amplitude_pa, spike_times_s=(), duration_s=0.6):
    """A step from 0.1 to 0.5 s with spikes painted on."""
    time = np.arange(round(duration_s * RATE)) / RATE
    inside = (time >= 0.1) & (time < 0.5)
    current = np.where(inside, float(amplitude_pa), 0.0)
    voltage = -70.0 + np.where(inside, 0.1 * amplitude_pa, 0.0)
    for at in spike_times_s:
        first = round(at * RATE)
        voltage[first : first + SPIKE.size] = -70 + SPIKE
    return Sweep(
        voltage,
        current,
        RATE,
        number=number,
        stimulus=stimulus,
        amplitude_pa=amplitude_pa,
        start_s=0.1,
        stop_s=0.5,
    )


def recording(**metadata):
    train = 0.15 + 0.03 * np.arange(9)
    return SweepSet(
        [
            sweep(1, "Long Square", -50.0),
            sweep(2, "Long Square", 50.0),
            sweep(3, "Long Square", 100.0, train[:2]),
            sweep(4, "Long Square", 150.0, train),
            sweep(5, "Noise 1", 100.0, train[:4]),
            sweep(6, "Noise 2", 100.0, train[:5]),
            sweep(7, "Noise 2", 100.0, train[1:5]),
        ],
        source="/somewhere/on/a/disk/cell.nwb",
        metadata=metadata,
    )


SCORE = {
    "ratio": 0.66,
    "reliability": 0.77,
    "n_spikes_model": 40.0,
    "n_spikes_data": 44.5,
    "n_trials": 2.0,
}


def fitter(model=MODEL):
    fit = GLIFFitter(model.level, seed=7)
    fit.model_ = model
    fit.result_ = FitResult(
        model=model,
        score=0.8,
        reason=Reason.BUDGET,
        history=pd.DataFrame(),
        seed=7,
        evaluations=400,
        sweeps=(5,),
    )
    return fit


def cell_page(**changes):
    sweeps = changes.pop("sweeps", None) or recording(synthetic=True)
    fits = {3: fitter()}
    values = {
        "specimen_id": 1,
        "name": "SYNTHETIC-cell",
        "sweeps": sweeps,
        "features": features.cell(sweeps),
        "fits": fits,
        "scores": {3: SCORE},
        "published": {3: MODEL},
        "dendrite_type": "spiny",
    }
    return CellPage(**(values | changes))


def gratings(n_repeats=2, duration_s=1.0, gap_s=0.5):
    shown = [*(45.0 * k for k in range(8)), np.nan]
    rows = [
        {
            "start_s": (repeat * len(shown) + k) * (duration_s + gap_s),
            "stop_s": (repeat * len(shown) + k) * (duration_s + gap_s) + duration_s,
            "stimulus": "drifting_gratings",
            "orientation_deg": direction,
            "temporal_frequency_hz": 2.0,
        }
        for repeat in range(n_repeats)
        for k, direction in enumerate(shown)
    ]
    return StimulusTable(pd.DataFrame(rows))


def tuned(table, preferred_deg, rates_hz=(10, 4, 1, 1, 2, 1, 1, 4)):
    """Regular spikes: a cell fires at ``rates_hz[k]`` for a grating 45 k degrees from its preferred one."""
    trains = []
    for preferred in preferred_deg:
        times = []
        for row in table.table.to_dict("records"):
            if np.isnan(row["orientation_deg"]):
                continue
            n = rates_hz[round((row["orientation_deg"] - preferred) % 360 / 45) % 8]
            times.append(row["start_s"] + (np.arange(n) + 0.5) / n)
        trains.append(np.concatenate(times))
    return SpikeTrains.from_lists(trains)


@pytest.fixture(scope="session")
def cell():
    return cell_page()


@pytest.fixture(scope="session")
def network():
    table = gratings()
    exc, pv = (45.0 * (np.arange(20) % 8), 45.0 * np.arange(6))
    response = NetworkResponse(
        {"e4": tuned(table, exc), "i4": tuned(table, pv, (9, 8, 8, 8, 9, 8, 8, 8))},
        table.duration_s + 0.5,
        table,
        {
            "e4": pd.DataFrame({"cell_class": "L4 Exc", "tuning_angle_deg": exc}),
            "i4": pd.DataFrame({"cell_class": ["L4 PV"] * 6, "tuning_angle_deg": pv}),
        },
        provenance={"seed": 4321, "engine": "made up"},
    )
    summary = {
        "populations": pd.DataFrame({"population": ["e4", "i4"], "n_cells": [20, 6]}),
        "n_edges": 77,
    }
    return NetworkPage(summary, response, drifting_gratings(response))


@pytest.fixture(scope="session")
def observatory():
    table = gratings()
    time = np.arange(0.0, table.duration_s + 1.0, 0.1)
    values = np.zeros((3, time.size))
    for row in table.table.to_dict("records"):
        inside = (time >= row["start_s"] - 1e-9) & (time < row["stop_s"] - 1e-9)
        for k in range(3):
            values[k, inside] += 0.4 if row["orientation_deg"] == 45.0 * k else 0.05
    traces = Traces(values, time, [101, 102, 103])
    session = {"session_id": 555, "synthetic": True}
    return ObservatoryPage(session, drifting_gratings(traces, table), traces, table)


@pytest.fixture(scope="session")
def result(network):
    """Excitatory cells can be scored; there are too few PV cells, and no SST cells."""
    rng = np.random.default_rng(0)
    n = 90
    data = pd.DataFrame(
        {
            "population": np.repeat(["L4 Exc", "L4 PV", "L4 SST"], n // 3),
            "peak_rate_hz": rng.gamma(2.0, 5.0, n),
            "osi_vector": rng.uniform(0, 1, n),
        }
    )
    reference = Reference.from_table(data, title="Made-up reference", source="nowhere", draws=5)
    return Benchmark(reference=reference).score(network.metrics)
