"""One value of every type that people meet in a notebook, most of them with data worth a picture."""

import numpy as np
import pandas as pd

import allentk as atk
from allentk import recipes
from allentk.benchmark import Benchmark, Reference, compare, load_reference
from allentk.data import (
    LongSquare,
    NetworkResponse,
    Noise,
    Ramp,
    Response,
    ShortSquare,
    SpikeTrains,
    StimulusTable,
    Traces,
    TripleShortSquare,
    Zero,
)
from allentk.fitting import BiophysicalFitter, FitResult, GLIFFitter, Reason
from allentk.io import (
    read_behavior_session,
    read_ecephys_session,
    read_ophys_experiment,
    read_probe_lfp,
)
from allentk.responses import cell_metrics, drifting_gratings
from tests.fitting.biophysical.small_cell import cell as small_cell
from tests.nwb2_files import write_ecephys, write_lfp, write_ophys
from tests.report.conftest import gratings, tuned
from tests.report.test_biophysical_report import made_up_result

#: A demo cell, and an Observatory session of the demo.
CELL, SESSION = 900_000_001, 900_100_001


def every_type(folder):
    """Return the values by a name each; files are written into `folder`."""
    demo = atk.demo(cache_dir=folder / "cache")
    return {
        **_data(demo),
        **_stimuli(),
        **_models(demo),
        **_fits(demo),
        **_networks(demo),
        **_benchmarks(),
        **_sessions(demo, folder),
    }


def _data(demo):
    sweeps = demo.cells.sweeps(CELL)
    step = next(s for s in sweeps.where(stimulus="Long Square") if s.amplitude_pa > 100)
    rng = np.random.default_rng(0)
    table = gratings()
    trains = tuned(table, 45.0 * (np.arange(20) % 8))
    time = np.arange(0.0, 30.0, 0.1)
    return {
        "Sweep": step,
        "SweepSet": sweeps,
        "Morphology": demo.cells.morphology(CELL),
        "SpikeTrains": trains,
        "StimulusTable": table,
        "Traces": Traces(rng.gamma(0.3, 0.2, (6, time.size)), time, 500 + np.arange(6)),
        "Response": Response(
            step.voltage_mv, step.current_pa, 1 / step.sampling_rate_hz, [1.1], [27_500]
        ),
        "NetworkResponse": NetworkResponse(
            {"e4": trains, "i4": tuned(table, 45.0 * np.arange(6), (9, 8, 8, 8, 9, 8, 8, 8))},
            table.duration_s + 0.5,
            table,
            provenance={"seed": 1, "engine": "allentk GLIF network"},
        ),
    }


def _stimuli():
    kinds = (LongSquare, ShortSquare, TripleShortSquare, Ramp, Noise, Zero)
    return {kind.__name__: kind(amplitude_pa=120.0) for kind in kinds}


def _models(demo):
    model = small_cell(gbar_NaTs=1.2)
    return {
        "GLIFParameters": demo.cells.glif(CELL, level=3),
        "BiophysicalParameters": model.parameters,
        "BiophysicalModel": model,
    }


def _fits(demo):
    model = demo.cells.glif(CELL, level=3)
    found = FitResult(
        model=model,
        score=0.81,
        reason=Reason.CONVERGED,
        history=pd.DataFrame({"stage": ["start"], "evaluations": [1], "score": [0.7]}),
        seed=7,
        evaluations=400,
        sweeps=(5, 6),
        cv_score=0.74,
        cv_sd=0.03,
        aic=1234.5,
        bic=1250.0,
        notes=("no triple short squares: the decay of the threshold comes from noise alone",),
        versions={"cma": "4.0"},
    )
    biophysical = BiophysicalFitter(seed=7)
    biophysical.result_ = made_up_result()
    biophysical.model_ = biophysical.result_.model
    return {
        "GLIFFitter": GLIFFitter(level=2),
        "GLIFFitter, fitted": GLIFFitter.of(found),
        "FitResult": found,
        "BiophysicalFitter": biophysical,
        "BiophysicalFitResult": biophysical.result_,
    }


def _networks(demo):
    exc = demo.cells.glif(CELL, level=1)
    network = recipes.patch([exc], [exc], n_cells=120)
    return {
        "Network": network,
        "Population": network.populations[0],
        "Projection": network.projections[0],
        "tutorial8": recipes.tutorial8(seed=2017),
    }


def _benchmarks():
    rng = np.random.default_rng(0)
    table, preferred = gratings(), 45.0 * (np.arange(20) % 8)
    response = NetworkResponse(
        {"e4": tuned(table, preferred)},
        table.duration_s + 0.5,
        table,
        {"e4": pd.DataFrame({"cell_class": "L4 Exc", "tuning_angle_deg": preferred})},
        provenance={"seed": 1, "engine": "NEST 3.8"},
    )
    data = pd.DataFrame(
        {
            "population": np.repeat(["L4 Exc", "L4 PV"], 40),
            "peak_rate_hz": rng.gamma(2.0, 5.0, 80),
            "osi_vector": rng.uniform(0, 1, 80),
        }
    )
    reference = Reference.from_table(data, title="SYNTHETIC cells", source="made up", draws=5)
    bench = Benchmark(reference=reference, bootstrap=5)
    result = bench.score(response)
    other = drifting_gratings(response, table).assign(peak_rate_hz=rng.gamma(2.0, 5.0, 20))
    return {
        "Reference": load_reference(),
        "Benchmark": Benchmark("drifting_gratings", reference="v1-neuropixels"),
        "BenchmarkResult": result,
        "Comparison": compare({"one": result, "other": other}, bench),
        "SessionMetrics": cell_metrics(
            response.spikes["e4"], {"drifting_gratings": StimulusTable(table.table)}
        ),
    }


def _sessions(demo, folder):
    ecephys = read_ecephys_session(write_ecephys(folder / "ecephys.nwb"))
    ophys = write_ophys(folder / "ophys.nwb")
    return {
        "OphysSession": demo.observatory.session(SESSION),
        "EcephysSession": ecephys,
        "OphysExperiment": read_ophys_experiment(ophys),
        "BehaviorSession": read_behavior_session(ophys),
        "ProbeLFP": read_probe_lfp(write_lfp(folder / "lfp.nwb")),
    }


def short_trains(n):
    """Return `n` spikes of as many cells."""
    return SpikeTrains(np.arange(n) / n, np.arange(n), n)
