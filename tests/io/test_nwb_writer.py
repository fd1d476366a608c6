"""Writing a recording: what comes back is what was given, and the format's own tools agree."""

import errno
import math
import pickle
import tempfile
import weakref
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pandas as pd
import pynwb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from allentk import features
from allentk.data import Sweep, SweepSet
from allentk.errors import ConfigError, DataError, FormatError
from allentk.io import read_nwb, write_nwb
from allentk.io.exact import packed, unpacked
from allentk.io.nwb_recordings import CATEGORY, RECORDINGS

DEMO = Path(__file__).parents[2] / "cassettes/demo/bodies/900000001.nwb"
FIELDS = ("sampling_rate_hz", "number", "stimulus", "code", "amplitude_pa", "start_s", "stop_s")


def a_sweep(number=3, **others):
    time = np.arange(1000) / 1e4
    current = np.where((time >= 0.02) & (time < 0.08), 100.0, 0.0)
    told = {"stimulus": "Long Square", "code": "C1LS[3]", "amplitude_pa": 100.1} | others
    voltage = told.pop("voltage_mv", -70 + current / 9)
    current = told.pop("current_pa", current)
    return Sweep(voltage, current, 1e4, number=number, **told)


def assert_same_sweep(one, other):
    for name in ("voltage_mv", "current_pa"):
        assert getattr(one, name).tobytes() == getattr(other, name).tobytes()
    for name in FIELDS:
        np.testing.assert_equal(getattr(other, name), getattr(one, name))
    assert other.clamp == one.clamp
    np.testing.assert_equal(dict(other.metadata), dict(one.metadata))


def assert_same(one, other):
    assert other.numbers == one.numbers
    for first, second in zip(one, other, strict=True):
        assert_same_sweep(first, second)
    kept = {name: other.metadata[name] for name in one.metadata if name != "format"}
    np.testing.assert_equal(kept, {k: v for k, v in one.metadata.items() if k != "format"})


any_float = st.floats(width=64)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | any_float | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)
metadata = st.dictionaries(st.text(max_size=5), plain, max_size=3)


@st.composite
def generated(draw):
    count = draw(st.integers(0, 40))
    # The window may hold only finite samples, so samples that are not stand outside any window.
    finite = draw(st.booleans())
    wide = st.floats(allow_nan=not finite, allow_infinity=not finite)
    samples = arrays(np.float64, count, elements=wide | st.floats(-100, 100, width=32))
    if not finite:
        samples |= st.just(np.full(count, np.nan))
    rate = draw(st.floats(0.1, 1e6))
    first, last = sorted(draw(st.tuples(st.integers(0, count), st.integers(0, count))))
    window = (first / rate, last / rate) if finite and draw(st.booleans()) else (math.nan,) * 2
    return {
        "voltage_mv": draw(samples),
        "current_pa": draw(samples),
        "sampling_rate_hz": rate,
        "stimulus": draw(texts),
        "code": draw(texts),
        "amplitude_pa": draw(any_float),
        "start_s": window[0],
        "stop_s": window[1],
        "clamp": draw(st.sampled_from(["current", "voltage"])),
        "metadata": draw(metadata),
    }


@settings(max_examples=15, deadline=None)
@given(
    st.dictionaries(st.integers(-5, 2**40), generated(), min_size=1, max_size=3),
    metadata,
    st.booleans(),
)
def test_any_recording_comes_back_exactly(made, about, synthetic):
    about = {**about, "synthetic": synthetic, "specimen_id": 7}
    sweeps = SweepSet([Sweep(number=n, **told) for n, told in made.items()], metadata=about)
    with tempfile.TemporaryDirectory() as folder:
        path = write_nwb(sweeps, Path(folder) / "cell.nwb")
        assert pynwb.validate(path=str(path)) == []
        assert_same(sweeps, read_nwb(path))


@settings(max_examples=50, deadline=None)
@given(
    arrays(np.float64, 5, elements=any_float | st.floats(width=32)),
    st.sampled_from(["voltage", "current"]),
)
def test_packing_loses_no_bit(values, quantity):
    raw, conversion = packed(values, quantity)
    assert unpacked(raw, conversion, quantity).tobytes() == values.tobytes()


@pytest.mark.parametrize("factor", [1.0, 1e3])
def test_single_precision_where_the_source_had_it(factor):
    source = np.float32([-0.0701, -0.0003, 0.04])
    raw, conversion = packed(source.astype(float) * factor, "voltage")
    assert raw.dtype == np.float32
    assert conversion == (1e-3 if factor == 1 else 1.0)


@pytest.fixture(scope="module")
def copied(tmp_path_factory):
    sweeps = read_nwb(DEMO)
    return sweeps, write_nwb(sweeps, tmp_path_factory.mktemp("demo") / "copy.nwb")


def test_the_demo_comes_back_with_its_features(copied):
    sweeps, path = copied
    copy = read_nwb(path)
    assert_same(sweeps, copy)
    assert copy.metadata["format"].startswith("NWB 2")
    assert (copy.metadata["synthetic"], copy.metadata["specimen_id"]) == (True, 900000001)
    pd.testing.assert_series_equal(features.cell(copy), features.cell(sweeps))


def test_a_copy_of_the_copy_is_the_same(copied, tmp_path):
    sweeps, path = copied
    assert_same(sweeps, read_nwb(write_nwb(read_nwb(path), tmp_path / "again.nwb")))


def test_pynwb_finds_no_error_and_sees_the_same_volts(copied):
    sweeps, path = copied
    assert pynwb.validate(path=str(path)) == []
    with pynwb.NWBHDF5IO(str(path), "r") as opened:
        file = opened.read()
        assert "synthetic" in file.session_description.lower()
        recordings = file.intracellular_recordings
        assert len(recordings) == len(sweeps)
        sweep = sweeps.sweep(sweeps.where(clamp="current").numbers[-1])
        row = sweeps.numbers.index(sweep.number)
        response = recordings.category_tables["responses"]["response"][row].timeseries
        stimulus = recordings.category_tables["stimuli"]["stimulus"][row].timeseries
        assert response is file.acquisition[f"Sweep_{sweep.number}"]
        assert response.unit == "volts"
        assert stimulus.unit == "amperes"
        for held, values in (
            (response, sweep.voltage_mv / 1e3),
            (stimulus, sweep.current_pa / 1e12),
        ):
            np.testing.assert_allclose(held.data[:] * held.conversion, values, rtol=1e-15)
        assert response.rate == sweep.sampling_rate_hz
        assert response.electrode.cell_id == "900000001"
        assert response.bridge_balance == pytest.approx(sweep.metadata["bridge_balance_mohm"] * 1e6)
        table = recordings.category_tables[CATEGORY]
        assert table["stimulus"][row] == sweep.stimulus
        assert table["start_s"][row] == sweep.start_s


def test_the_general_reader_sees_the_same_recording(copied, tmp_path):
    """Without our category the file is one of anybody's."""
    sweeps, path = copied
    plain = tmp_path / "plain.nwb"
    plain.write_bytes(path.read_bytes())
    with h5py.File(plain, "r+") as file:
        del file[f"{RECORDINGS}/{CATEGORY}"]
    copy = read_nwb(plain)
    assert copy.numbers == sweeps.numbers
    number = sweeps.where(stimulus="Long Square").numbers[-1]
    np.testing.assert_array_equal(copy.sweep(number).voltage_mv, sweeps.sweep(number).voltage_mv)
    np.testing.assert_array_equal(copy.sweep(number).current_pa, sweeps.sweep(number).current_pa)


def test_one_sweep_at_a_time(tmp_path):
    read_before = []

    def read(number):
        assert [one() for one in read_before] == [None] * len(read_before)
        sweep = a_sweep(number)
        read_before.append(weakref.ref(sweep))
        return sweep

    table = SweepSet([a_sweep(n) for n in range(4)]).table
    write_nwb(SweepSet(table, read), tmp_path / "cell.nwb")
    assert len(read_before) == 4


def test_unknown_currents_and_i_zero(tmp_path):
    unknown = a_sweep(0, current_pa=np.full(1000, np.nan))
    silent = a_sweep(1, current_pa=np.zeros(1000))
    partly = a_sweep(2, current_pa=np.r_[np.full(500, np.nan), np.zeros(500)])
    clamped = a_sweep(4, voltage_mv=np.full(1000, np.nan), clamp="voltage")
    sweeps = SweepSet([unknown, silent, partly, clamped])
    path = write_nwb(sweeps, tmp_path / "cell.nwb")
    assert pynwb.validate(path=str(path)) == []
    assert_same(sweeps, read_nwb(path))
    with h5py.File(path) as file:
        assert sorted(file["stimulus/presentation"]) == ["Sweep_1", "Sweep_2"]


def test_no_stimulus_at_all_and_further_columns(tmp_path):
    sweep = a_sweep(current_pa=np.full(1000, np.nan))
    table = SweepSet([sweep]).table.assign(workflow_state=["auto_passed"], vrest=[-70.5])
    sweeps = SweepSet(table, lambda number: sweep)
    path = write_nwb(sweeps, tmp_path / "cell.nwb")
    assert pynwb.validate(path=str(path)) == []
    pd.testing.assert_frame_equal(read_nwb(path).table, table)


def test_what_is_said_in_the_call(tmp_path):
    when = datetime(2020, 2, 3, tzinfo=UTC)
    sweeps = SweepSet([a_sweep()], metadata={"synthetic": True, "species": "Mus musculus"})
    path = write_nwb(
        sweeps,
        tmp_path / "cell.nwb",
        session_description="a cell",
        session_start_time=when,
        identifier="cell-1",
    )
    with pynwb.NWBHDF5IO(str(path), "r") as opened:
        file = opened.read()
        assert (file.identifier, file.session_start_time) == ("cell-1", when)
        assert file.session_description == "SYNTHETIC. a cell"
        assert file.subject.species == "Mus musculus"
    assert read_nwb(path).metadata["session_description"] == "a cell"


def test_save_and_pickle(tmp_path):
    sweeps = SweepSet([a_sweep()])
    copy = pickle.loads(pickle.dumps(read_nwb(sweeps.save(tmp_path / "cell.nwb"))))
    assert_same(sweeps, copy)


def test_a_path_may_be_written_onto_itself(tmp_path):
    path = tmp_path / "cell.nwb"
    path.write_bytes(DEMO.read_bytes())
    assert_same(read_nwb(DEMO), read_nwb(write_nwb(read_nwb(path), path)))


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), ConfigError),
        (FormatError("damaged"), DataError),
        (KeyboardInterrupt(), KeyboardInterrupt),
    ],
)
def test_a_failed_write_leaves_the_old_file(tmp_path, error, raised):
    path = write_nwb(SweepSet([a_sweep()]), tmp_path / "cell.nwb")
    before = path.read_bytes()

    def read(number):
        if number == 1:
            raise error
        return a_sweep(number)

    table = SweepSet([a_sweep(n) for n in range(3)]).table
    with pytest.raises(raised):
        write_nwb(SweepSet(table, read), path)
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["cell.nwb"]


@pytest.mark.parametrize("n_free", [0, 2**21 + 100])
def test_a_disk_that_fills_is_told_before_it_is_full(tmp_path, monkeypatch, n_free):
    path = write_nwb(SweepSet([a_sweep()]), tmp_path / "cell.nwb")
    before = path.read_bytes()
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=n_free))
    with pytest.raises(ConfigError, match=r"cannot write .*cell\.nwb: the disk is full"):
        write_nwb(SweepSet([a_sweep()]), path)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("sweeps", "said"),
    [
        (SweepSet([]), "there are no sweeps"),
        (SweepSet([a_sweep(metadata={"a": object()})]), "sweep 3: metadata: a: expected text"),
        (SweepSet([a_sweep(metadata={1: 2})]), "sweep 3: metadata: expected text"),
        (SweepSet([a_sweep()], metadata={"a": {1, 2}}), "metadata: a: expected text"),
        (SweepSet([a_sweep(code="a\0b")]), "sweep 3: code: expected text that a file can hold"),
    ],
)
def test_what_cannot_be_written(tmp_path, sweeps, said):
    with pytest.raises(DataError, match=said):
        write_nwb(sweeps, tmp_path / "cell.nwb")
    assert list(tmp_path.iterdir()) == []


def test_a_time_without_a_zone(tmp_path):
    naive = datetime(2020, 2, 3)
    with pytest.raises(DataError, match="needs a time zone"):
        write_nwb(SweepSet([a_sweep()]), tmp_path / "c.nwb", session_start_time=naive)


def test_arrays_and_tuples_come_back_as_lists(tmp_path):
    about = {"a": np.arange(2), "b": (1, np.float32(0.5))}
    path = write_nwb(SweepSet([a_sweep(metadata=about)]), tmp_path / "cell.nwb")
    assert read_nwb(path).sweep(3).metadata == {"a": [0, 1], "b": [1, 0.5]}


def test_an_electrode_is_chosen_as_in_the_source(tmp_path):
    told = [a_sweep(n, metadata={"electrode": f"Electrode {n % 2}"}) for n in range(4)]
    path = write_nwb(SweepSet(told), tmp_path / "cell.nwb")
    assert read_nwb(path, electrode="Electrode 1").numbers == [1, 3]
    with pytest.raises(
        FormatError, match=r"nothing was recorded by 'x'; there are \['Electrode 0'"
    ):
        read_nwb(path, electrode="x")


def damage(path, change):
    with h5py.File(path, "r+") as file:
        change(file)


def replace(file, path, values):
    del file[path]
    file[path] = values


TABLE = f"{RECORDINGS}/{CATEGORY}"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda f: replace(f, f"{TABLE}/code", ["a", "b", "c"]), "expected shape"),
        (lambda f: replace(f, f"{TABLE}/code", [1.0, 2.0]), "expected text"),
        (lambda f: replace(f, f"{TABLE}/number", [1.0, 1.5]), "whole numbers"),
        (lambda f: replace(f, f"{TABLE}/number", [3, 3]), "occurs more than once"),
        (lambda f: replace(f, f"{TABLE}/further", ["[1]", "{}"]), "expected a JSON object"),
        (lambda f: replace(f, "general/notes", "no JSON"), "expected a JSON object"),
        (lambda f: replace(f, "general/notes", '{"allentk": 1}'), "expected an object allentk"),
        (lambda f: f.__delitem__(f"{TABLE}/clamp"), "expected the dataset 'clamp'"),
    ],
)
def test_a_damaged_table(tmp_path, change, said):
    path = write_nwb(SweepSet([a_sweep(3), a_sweep(4)]), tmp_path / "cell.nwb")
    damage(path, change)
    with pytest.raises(FormatError, match=said):
        read_nwb(path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda f: f.__delitem__("acquisition/Sweep_3"), "sweep 3 is gone"),
        (lambda f: replace(f, "acquisition/Sweep_3/data", np.zeros(5)), "expected 1000 samples"),
        (lambda f: replace(f, f"{TABLE}/clamp", ["x", "current"]), "expected the clamp"),
        (lambda f: replace(f, f"{TABLE}/metadata", ["{", "{}"]), "expected a JSON object"),
        (lambda f: replace(f, f"{TABLE}/sampling_rate_hz", [0.0, 1.0]), "must be positive"),
    ],
)
def test_a_damaged_sweep_costs_that_sweep(tmp_path, change, said):
    path = write_nwb(SweepSet([a_sweep(3), a_sweep(4)]), tmp_path / "cell.nwb")
    damage(path, change)
    sweeps = read_nwb(path)
    with pytest.raises(FormatError, match=said):
        sweeps.sweep(3)
    assert sweeps.sweep(4).n_samples == 1000


def test_rows_that_another_program_added(tmp_path):
    """The table is no longer ours alone, so the file is read as anybody's."""
    path = write_nwb(SweepSet([a_sweep(3)]), tmp_path / "cell.nwb")
    damage(path, lambda f: replace(f, f"{RECORDINGS}/id", [0, 1]))
    assert read_nwb(path).sweep(3).metadata["series"] == "/acquisition/Sweep_3"
