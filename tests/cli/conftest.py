"""A runner, and a small service in place of the Cell Types Database."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from allentk import api
from allentk.cli.main import cli
from allentk.data import LongSquare, Noise, Sweep, SweepSet
from allentk.errors import DataError, OfflineError
from allentk.models import GLIFParameters
from allentk.simulation import simulate

RATE = 10_000.0
MODEL = GLIFParameters(level=1, C_pf=100, R_mohm=200, E_L_mv=-72, th_inf_mv=22, t_ref_s=0.004)
SPIKE = np.concatenate([np.linspace(20, 90, 6), np.linspace(70, -5, 20)])


def _builders():
    path = Path(__file__).parents[1] / "io" / "conftest.py"
    spec = importlib.util.spec_from_file_location("files_for_cli", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


#: Writes a tiny NWB file: two long squares without spikes (5, 12) and a voltage-clamp sweep (0).
nwb1 = _builders().nwb1


def recorded(stimulus, number, name, *, amplitude=np.nan, window=None):
    """A known cell's answer to a stimulus, a spike shape painted on."""
    current = stimulus.current_pa(RATE)
    response = simulate(MODEL, current, sampling_rate_hz=RATE, dt_s=1e-4)
    voltage = np.array(response.voltage_mv)
    for step in response.spike_steps:
        span = slice(step, min(step + SPIKE.size, voltage.size))
        voltage[span] = MODEL.threshold_mv + SPIKE[: span.stop - span.start]
    start, stop = window or (stimulus.start_s, stimulus.stop_s)
    return Sweep(
        voltage,
        current,
        RATE,
        number=number,
        stimulus=name,
        amplitude_pa=amplitude,
        start_s=start,
        stop_s=stop,
    )


@pytest.fixture(scope="session")
def recording():
    """Five long squares and two pairs of noise sweeps of a known cell, 485909730."""
    steps = [
        recorded(LongSquare(amplitude_pa=pa), n, "Long Square", amplitude=pa, window=(1.02, 2.02))
        for n, pa in enumerate([-50.0, -30.0, 120.0, 130.0, 170.0])
    ]
    noise = [
        recorded(Noise(amplitude_pa=1.3 * MODEL.rheobase_pa, seed=seed), n, f"Noise {seed}")
        for n, seed in ((5, 1), (6, 1), (7, 2), (8, 2))
    ]
    metadata = {"specimen_id": 485909730, "dendrite_type": "spiny", "synthetic": True}
    return SweepSet([*steps, *noise], source="a known cell (synthetic)", metadata=metadata)


@pytest.fixture
def run():
    """Run a command line; the result has stdout, stderr and exit_code."""

    def invoke(*arguments):
        return CliRunner().invoke(cli, list(map(str, arguments)), prog_name="allentk")

    return invoke


class Cells:
    """Three cells, one recording; keeps what it was asked."""

    def __init__(self, recording, folder):
        self.recording, self.folder = recording, folder
        self.synthetic, self.source = True, "a test (synthetic)"
        self.asked = []

    def cells(self, **filters):
        self.asked.append(filters)
        return pd.DataFrame(
            {
                "id": [485909730, 2, 3],
                "name": ["Rorb", "Pvalb", "Sst"],
                "species": "Mus musculus",
                "dendrite_type": ["spiny", "aspiny", None],
                "normalized_depth": [0.5, np.nan, 0.25],
            }
        )

    def sweeps(self, specimen_id):
        if specimen_id != 485909730:
            raise DataError(f"there is no cell {specimen_id}")
        return self.recording

    def glif(self, specimen_id, level=3):
        return MODEL

    def fetch(self, specimen_id, *, what):
        self.sweeps(specimen_id)
        if what == ("morphology",):
            raise DataError("no reconstruction")
        path = self.folder / "file"
        path.write_bytes(b"12345")
        return dict.fromkeys(what, path)


@pytest.fixture
def cells(monkeypatch, recording, tmp_path):
    """Put the small service in the place of the demo; the live one is offline and empty."""
    service = Cells(recording, tmp_path)
    module = ModuleType("allentk.api")
    module.__path__ = api.__path__  # its submodules are the real ones
    module.demo = lambda *, cache_dir=None: SimpleNamespace(cells=service)

    def live(*, cache_dir=None, offline=None):
        raise OfflineError(f"not in the cache {cache_dir}, and offline is {offline}")

    module.CellTypes = live
    monkeypatch.setitem(sys.modules, "allentk.api", module)
    return service
