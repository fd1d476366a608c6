"""Cheap stand-ins for a simulator, at module level so that worker processes can build them."""

import math

import numpy as np

from allentk.errors import SimulationError
from allentk.fitting.biophysical.genes import Gene, GeneSet
from allentk.fitting.biophysical.runner import Responses
from allentk.fitting.biophysical.targets import StepTarget, Target, Targets
from allentk.models import BiophysicalParameters, SectionParameters

REST = -80.0


class Bowl:
    """A cost with its minimum at a known point, and a count of what it was asked."""

    def __init__(self, best=(0.3, 0.7, 0.5)):
        self.best = np.array(best)
        self.asked = 0

    def costs(self, candidates):
        from allentk.fitting.optimizers import mirrored

        self.asked += len(candidates)
        return [float(np.sum((mirrored(x) - self.best) ** 2)) for x in candidates]


class Interrupted(Bowl):
    """Ctrl-C comes after so many candidates."""

    def __init__(self, after):
        super().__init__()
        self.after = after

    def costs(self, candidates):
        if self.asked >= self.after:
            raise KeyboardInterrupt
        return super().costs(candidates)


class Runner:
    """A cell of one ohmic resistance that fires at a rate given by its current above rheobase."""

    def run(self, parameters, amplitudes_pa, duration_s, clock):
        soma = parameters.sections["soma"]
        if soma.e_pas_mv > -40.0:
            raise SimulationError("the stand-in was pushed beyond its range")
        if soma.value("Im", "gbar") < 2e-6:
            return Responses(3, np.zeros((len(amplitudes_pa), 0)))
        rows = [self._one(soma, pa, duration_s, clock) for pa in amplitudes_pa]
        return Responses(0, np.array(rows))

    def _one(self, soma, amplitude_pa, duration_s, clock):
        rate_per_pa, rheobase_pa = soma.value("NaTs", "gbar"), 1e6 * soma.value("Im", "gbar")
        dt, first = clock.dt_s, clock.n(clock.lead_s)
        n = clock.n(duration_s)
        v = np.full(first + n + clock.n(clock.tail_s), soma.e_pas_mv)
        during = v[first : first + n]
        during += min(1e-6 / soma.g_pas * amplitude_pa, 25.0)
        if amplitude_pa >= 500.0:
            during[:] = -30.0
            return v
        spikes = max(0.0, (amplitude_pa - rheobase_pa) * rate_per_pa)
        up = np.linspace(-60.0, 20.0, 10)
        shape = np.concatenate([up, up[::-1], np.linspace(-60.0, -70.0, 20)])
        for k in range(math.floor(spikes * duration_s + 0.5)):
            at = round((k + 0.5) / spikes / dt)
            until = min(at + 40, n)
            during[at:until] = shape[: max(until - at, 0)]
        return v


def template():
    soma = SectionParameters(ra_ohm_cm=100, cm_uf_per_cm2=1, g_pas=1e-5, e_pas_mv=REST)
    return BiophysicalParameters(
        kind="perisomatic",
        sections={"soma": soma, "axon": soma, "dend": soma},
        v_init_mv=REST,
        axon="stub",
    )


def gene_set():
    return GeneSet(
        (
            Gene("soma", "NaTs", "gbar", 1e-3, 1.0, "log", "S/cm2"),
            Gene("soma", "Im", "gbar", 1e-6, 1e-3, "log", "S/cm2"),
            Gene("soma", "", "g_pas", 1e-7, 1e-3, "log", "S/cm2"),
            Gene("all", "", "e_pas_mv", -90.0, -70.0, "linear", "mV"),
        ),
        template(),
    )


#: The truth: 0.1 spikes/s per pA above 100 pA, 100 MOhm, -80 mV.
TRUTH = {"gbar_NaTs": 0.1, "gbar_Im": 1e-4, "g_pas_soma": 1e-5, "e_pas_mv_all": -80.0}


def targets():
    steps = []
    for pa in (-100.0, -50.0, 50.0, 150.0, 200.0, 250.0, 300.0):
        n = max(0.0, (pa - 100.0) * 0.1)
        features = {"n_spikes": Target(n, 0.5)}
        if n:
            features["latency"] = Target(0.5 / n, 0.005)
            features["peak_v"] = Target(20.0, 2.0)
        else:
            features["v_steady"] = Target(REST + 0.1 * pa, 1.0)
            features["v_baseline"] = Target(REST, 2.0)
        steps.append(StepTarget(pa, features))
    return Targets(tuple(steps)).trained_on([-100.0, 50.0, 150.0, 300.0])
