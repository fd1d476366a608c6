"""Every type in a notebook: one line, a small card, drawn by a browser; and on its way to a worker."""

import pickle
import struct
import time
from copy import deepcopy
from html import escape
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from allentk.data import Morphology, SpikeTrains, Sweep, SweepSet
from allentk.data._html import card, facts, table
from allentk.data._svg import polyline, raster
from allentk.network import Projection, Receptor
from tests.browser import needs_chromium, opened
from tests.every_type import every_type

#: A page of a notebook stays quick with many of these.
MOST_BYTES = 20_000
#: Those whose data are the demo's, or made up by a test that says so.
SYNTHETIC = (
    *("Sweep", "SweepSet", "Morphology", "GLIFParameters", "FitResult", "GLIFFitter, fitted"),
    *(
        "BiophysicalFitResult",
        "Network",
        "Population",
        "tutorial8",
        "BenchmarkResult",
        "Comparison",
    ),
    *("OphysSession", "EcephysSession", "OphysExperiment", "BehaviorSession", "ProbeLFP"),
)
VOID = {"br", "path", "circle"}


@pytest.fixture(scope="module")
def values(tmp_path_factory):
    return every_type(tmp_path_factory.mktemp("notebook"))


class Balanced(HTMLParser):
    """Reads HTML and keeps what was opened and not closed, and whatever could run."""

    def __init__(self, page):
        super().__init__()
        self.open, self.active = [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.open += [] if tag in VOID else [tag]
        if tag in ("script", "iframe", "img") or any(name.startswith("on") for name, _ in attrs):
            self.active.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag


def test_every_repr_is_one_line_and_every_card_small(values):
    for name, value in values.items():
        said, page = repr(value), value._repr_html_()
        assert "\n" not in said, name
        assert len(said) < 400, name
        assert type(value).__name__ in said, name
        assert page.startswith('<div class="allentk"'), name
        assert len(page) < MOST_BYTES, name
        checked = Balanced(page)
        assert (checked.open, checked.active) == ([], []), name


def test_what_is_made_up_says_so(values):
    for name in SYNTHETIC:
        assert "SYNTHETIC" in repr(values[name]), name
        assert "SYNTHETIC</span>" in values[name]._repr_html_(), name
    for name in ("SpikeTrains", "LongSquare", "Reference"):
        assert "SYNTHETIC" not in values[name]._repr_html_(), name


def test_names_out_of_files_are_text():
    bad = '<img src=x onerror="alert(1)">'
    sweeps = SweepSet([Sweep([-70.0] * 9, [0.0] * 9, 1e3, stimulus=bad)], source=bad)
    shape = Morphology([1, 2], [1, 3], [[0, 0, 0], [0, 9, 0]], [5, 1], [-1, 0], source=bad)
    frame = pd.DataFrame({bad: [bad]})
    for page in (
        *(value._repr_html_() for value in (sweeps[0], sweeps, shape)),
        *(table(frame), facts({bad: bad}), card(bad), polyline(np.zeros(3), unit=bad, end=bad)),
    ):
        assert Balanced(page).active == []
        assert escape(bad)[:8] in page


def test_large_values_are_thinned():
    n = 6_000_000
    rng = np.random.default_rng(0)
    wave = np.sin(np.linspace(0, 60, n))
    wave[1_234_567] = 40.0
    wave[4_000_000:4_500_000] = np.nan
    sweep = Sweep(wave, np.zeros(n), 200_000.0)
    trains = SpikeTrains(np.sort(rng.uniform(0, 9, n)), rng.integers(0, 9000, n), 9000)
    for value in (sweep, trains):
        began = time.process_time()
        page = value._repr_html_()
        assert time.process_time() - began < 0.25  # 0.02 s alone on a machine
        assert len(page) < MOST_BYTES
    # A single sample is in the picture, and a stretch without values is a gap.
    page = sweep._repr_html_()
    assert "-1 to 40 mV" in page
    assert page.split("</svg>")[0].count("M") == 2


def test_a_trace_is_drawn_where_its_values_are():
    page = polyline(np.array([0.0, 1.0, 0.0]), height=44)
    assert 'd="M0 42L170 2L340 42"' in page
    assert polyline(np.full(5, np.nan)) == ""


def test_a_raster_has_a_mark_where_there_is_a_spike():
    page = raster([([0.5, 0.9], [0, 1], 2)], 1.0)
    assert 'd="M170 0h1M306 2h1"' in page
    assert raster([([], [], 0)], 1.0) == raster([([], [], 3)], 0.0) == ""


def same(one, other):
    """Whether two values hold the same, arrays and tables included."""
    if isinstance(one, np.ndarray):
        return np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
    if isinstance(one, pd.DataFrame | pd.Series):
        return one.equals(other)
    if isinstance(one, float):
        return one == other or (one != one and other != other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if type(one).__module__.startswith("allentk") and not isinstance(one, type):
        return type(one) is type(other) and same(_held(one), _held(other))
    return callable(one) or one == other


def _held(value):
    names = [n for kind in type(value).__mro__ for n in getattr(kind, "__slots__", ())]
    held = {n: getattr(value, n) for n in names if n not in ("_kept", "__weakref__", "_read")}
    return held | getattr(value, "__dict__", {})


def test_every_value_survives_pickling(values):
    for name, value in values.items():
        back = pickle.loads(pickle.dumps(value))
        assert repr(back) == repr(value), name
        assert back._repr_html_() == value._repr_html_(), name
        assert same(value, back), name


def test_a_difference_would_be_seen():
    one, other = (SpikeTrains([0.1, at], [0, 1], 2) for at in (0.2, 0.3))
    assert same(one, one)
    assert not same(one, other)


def test_what_is_read_when_asked_for_travels_by_its_path(values):
    for name in ("SweepSet", "OphysSession", "EcephysSession", "OphysExperiment", "ProbeLFP"):
        assert len(pickle.dumps(values[name])) < 25_000, name
    back = pickle.loads(pickle.dumps(values["SweepSet"]))
    assert np.array_equal(back[3].voltage_mv, values["SweepSet"][3].voltage_mv)


def test_arrays_are_read_only_on_the_other_side(values):
    for name, part in (("Sweep", "voltage_mv"), ("Traces", "values"), ("Projection", "sources")):
        back = getattr(pickle.loads(pickle.dumps(values[name])), part)
        with pytest.raises(ValueError, match="read-only"):
            back[0] = 0


def test_one_value_for_all_edges_is_pickled_once():
    n = 100_000
    edges = Projection(
        "a", "b", [0, n], np.zeros(n, int), 10.0, 0.001, Receptor(tau_s=0.002, sign=1)
    )
    held = pickle.dumps(edges)
    assert len(held) < 4 * n + 2_000  # the sources, 4 bytes each
    back = pickle.loads(held)
    assert back.weights_pa.strides == (0,)
    assert set(back.weights_pa) == {10.0}
    assert back.weights_pa.size == n


def test_every_value_goes_to_a_dask_worker_and_back(values):
    distributed = pytest.importorskip("distributed", reason="Dask is not installed (allentk[dask])")
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        said = {name: client.submit(repr, value) for name, value in values.items()}
        sent = {name: client.submit(deepcopy, value) for name, value in values.items()}
        for name, value in values.items():
            assert said[name].result(timeout=300) == repr(value), name
            assert same(value, sent[name].result(timeout=300)), name


PAGE = """<!doctype html><html><head><meta charset="utf-8"><style>
body {{ margin: 8px; columns: 3; font-family: serif }}
section {{ padding: 8px; break-inside: avoid }}
.dark {{ background: #111; color: #eee }}
</style></head><body>{}</body></html>"""


@needs_chromium
def test_a_browser_draws_them_all(values, tmp_path):
    cards = [
        f'<section class="{shade}" id="{escape(name)}-{shade}">{value._repr_html_()}</section>'
        for shade in ("light", "dark")
        for name, value in values.items()
    ]
    page, shot = tmp_path / "all.html", tmp_path / "all.png"
    page.write_text(PAGE.format("".join(cards)), encoding="utf-8")
    _, console, asked = opened(page, tmp_path, f"--screenshot={shot}", "--window-size=1800,6000")
    assert (console, asked) == ([], set())
    data = shot.read_bytes()
    assert struct.unpack(">II", data[16:24]) == (1800, 6000)
    assert len(data) > 300_000
