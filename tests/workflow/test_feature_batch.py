"""Many recordings to one table: a bad one costs itself, nothing is measured twice."""

import json
import os
import signal
import sys
import time
from contextlib import closing
from functools import partial
from operator import call
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from allentk import __version__, features
from allentk.data import Sweep, SweepSet
from allentk.errors import ConfigError, DataError, FeatureError, MissingExtraError, OfflineError
from allentk.features import CELL_COLUMNS
from allentk.features.filters import cutoff_hz
from allentk.io import read_nwb, write_nwb
from allentk.workflow import batch_work, feature_batch, feature_files, processes
from allentk.workflow.executors import work_through
from allentk.workflow.feature_batch import FILTER, extract
from allentk.workflow.journal import journal_of
from allentk.workflow.recordings import listed

RATE = 10_000.0
START, STOP = 0.2, 0.7
SPIKE = np.concatenate([np.linspace(20, 90, 6), np.linspace(70, -5, 20)])


def step(number, pa, resistance_mohm):
    """A membrane of 10 ms under a step; from 100 pA on it spikes every 50 ms."""
    time_s = np.arange(10_000) / RATE
    on = (time_s >= START) & (time_s < STOP)
    rise = 1 - np.exp(-(time_s - START).clip(0) / 0.01)
    end = np.exp(-(time_s - STOP).clip(0) / 0.01)
    voltage = -70 + pa * resistance_mohm * 1e-3 * rise * end
    if pa >= 100:
        for first in range(2300, 6900, 500):
            voltage[first : first + SPIKE.size] = -50 + SPIKE
    return Sweep(
        voltage,
        np.where(on, float(pa), 0.0),
        RATE,
        number=number,
        stimulus="Long Square",
        amplitude_pa=pa,
        start_s=START,
        stop_s=STOP,
    )


def write_cell(path, resistance_mohm=200.0, *, description="synthetic steps", **metadata):
    steps = [step(n, pa, resistance_mohm) for n, pa in enumerate((-60, -40, 100, 150))]
    about = {"session_description": description, "synthetic": True, **metadata}
    write_nwb(SweepSet(steps, source="steps", metadata=about), path)
    return path


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """Write three cells of 100, 200 and 300 MOhm."""
    folder = tmp_path_factory.mktemp("recordings")
    for name, resistance in (("a", 100.0), ("b", 200.0), ("c", 300.0)):
        write_cell(folder / f"{name}.nwb", resistance)
    return folder


@pytest.fixture
def folder(made, tmp_path):
    """Copy the first and the last of them."""
    copies = tmp_path / "recordings"
    copies.mkdir()
    for name in ("a.nwb", "c.nwb"):
        (copies / name).write_bytes((made / name).read_bytes())
    return copies


@pytest.fixture
def broken(folder, made):
    """Put the second between them, cut off in the middle."""
    whole = (made / "b.nwb").read_bytes()
    (folder / "b.nwb").write_bytes(whole[: len(whole) // 2])
    return folder


@pytest.fixture
def calls(monkeypatch):
    """Keep which files are measured in this process."""
    seen = []
    real = feature_batch.measured

    def counted(job):
        seen.append(Path(job.path).name)
        return real(job)

    monkeypatch.setattr(feature_batch, "measured", counted)
    return seen


@pytest.fixture
def further(monkeypatch):
    """Put known qualities and vectors in the place of the real ones."""
    quality, vectors = (
        ModuleType("allentk.features.quality"),
        ModuleType("allentk.features.vectors"),
    )
    quality.quality = lambda sweeps, *, progress: pd.DataFrame(
        {"number": sweeps.numbers, "value": [0.5, np.nan, np.inf, 1 / 3], "passed": True}
    )
    vectors.vectors = lambda sweeps, *, definition: {
        "first": np.array([1 / 3, np.nan, -np.inf]),
        "size": np.arange(len(Path(sweeps.source).stem), dtype=float),
    }
    monkeypatch.setitem(sys.modules, "allentk.features.quality", quality)
    monkeypatch.setitem(sys.modules, "allentk.features.vectors", vectors)
    return vectors


def test_a_folder_is_one_table(folder):
    batch = extract(folder, jobs=1, progress=False)
    table = batch.features
    assert list(table.columns) == [*CELL_COLUMNS, "filter_hz", "source", "synthetic"]
    assert list(table["source"]) == [str(folder / "a.nwb"), str(folder / "c.nwb")]
    assert table["ri"].tolist() == pytest.approx([100.0, 300.0], rel=1e-3)
    assert table["rheobase_sweep_number"].tolist() == [2, 2]
    assert table["synthetic"].tolist() == [True, True]
    for source, row in zip(table["source"], table.itertuples(), strict=True):
        alone = features.cell(read_nwb(source), definition="allen")
        assert row.ri == alone["ri"]
        assert (
            row.upstroke_downstroke_ratio_long_square
            == (alone["upstroke_downstroke_ratio_long_square"])
        )
    assert (batch.n_measured, batch.n_failed, batch.files) == (2, 0, ())
    assert len(batch.errors) == len(batch.sweep_errors) == 0


def test_the_result_is_the_same_for_any_number_of_jobs(broken, tmp_path):
    names = [broken / name for name in ("c.nwb", "b.nwb", "a.nwb")]
    one = extract(names, out=tmp_path / "one.csv", jobs=1, progress=False)
    two = extract(names, out=tmp_path / "two.csv", jobs=2, progress=False)
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()
    pd.testing.assert_frame_equal(one.features, two.features)
    pd.testing.assert_frame_equal(one.errors, two.errors)
    assert [Path(source).name for source in two.features["source"]] == ["c.nwb", "a.nwb"]


def test_a_bad_file_costs_that_cell(broken):
    batch = extract([broken, broken / "nowhere.nwb"], jobs=1, progress=False)
    assert len(batch.features) == 2
    assert batch.errors["recording"].tolist() == [
        str(broken / "b.nwb"),
        str(broken / "nowhere.nwb"),
    ]
    assert batch.errors["error"].tolist() == ["FormatError", "FormatError"]
    assert set(batch.errors["what"]) == {"cell"}
    assert "there is no such file" in batch.errors["message"][1]
    assert "export it again" in batch.errors["advice"][0]
    assert repr(batch) == ("<FeatureBatch: 2 cells (2 measured now), 2 failed, 0 sweeps left out>")


def test_an_error_nobody_foresaw_costs_that_cell(folder, monkeypatch):
    real = feature_batch.measured
    monkeypatch.setattr(
        feature_batch, "measured", lambda job: 1 / 0 if "a.nwb" in job.path else real(job)
    )
    batch = extract(folder, jobs=1, progress=False)
    assert len(batch.features) == 1
    assert batch.errors["error"].tolist() == ["ZeroDivisionError"]
    assert "report it" in batch.errors["advice"][0]


def test_a_bad_sweep_is_listed(folder):
    path = folder / "bad.nwb"
    steps = [step(n, pa, 200.0) for n, pa in enumerate((-60, -40, 100))]
    damaged = step(7, 150, 200.0)
    voltage = np.array(damaged.voltage_mv)
    voltage[100] = np.nan
    bad = Sweep(voltage, damaged.current_pa, RATE, number=7, stimulus="Long Square", start_s=START,
                stop_s=STOP, amplitude_pa=150.0)  # fmt: skip
    about = {"session_description": "synthetic", "synthetic": True}
    write_nwb(SweepSet([*steps, bad], metadata=about), path)
    listing = extract(path, jobs=1, progress=False).sweep_errors
    assert listing["number"].tolist() == [7]
    assert listing["source"].tolist() == [str(path)]
    assert "not finite" in listing["error"][0]


def test_what_is_finished_is_not_measured_again(folder, made, tmp_path, calls):
    out = tmp_path / "new" / "features.csv"
    first = extract(folder, out=out, jobs=1, progress=False)
    assert calls == ["a.nwb", "c.nwb"]
    again = extract(folder, out=out, jobs=1, progress=False)
    assert len(calls) == 2
    assert (again.n_measured, len(again.features)) == (0, 2)
    pd.testing.assert_frame_equal(again.features, first.features)
    extract([folder, made / "b.nwb"], out=out, jobs=1, progress=False)
    assert calls[2:] == ["b.nwb"]
    extract(folder, out=out, jobs=1, progress=False, resume=False)
    assert calls[3:] == ["a.nwb", "c.nwb"]
    assert len(journal_of(out).read_text().splitlines()) == 2


def test_a_changed_file_is_measured_again(folder, tmp_path, calls):
    out = tmp_path / "features.csv"
    extract(folder, out=out, jobs=1, progress=False)
    write_cell(folder / "c.nwb", 250.0)
    batch = extract(folder, out=out, jobs=1, progress=False)
    assert calls == ["a.nwb", "c.nwb", "c.nwb"]
    assert batch.features["ri"].tolist() == pytest.approx([100.0, 250.0], rel=1e-3)
    extract(folder, out=out, jobs=1, progress=False)
    assert len(calls) == 3
    assert len(journal_of(out).read_text().splitlines()) == 2


def test_a_failed_cell_is_tried_again(broken, made, tmp_path, calls):
    out = tmp_path / "features.csv"
    extract(broken, out=out, jobs=1, progress=False)
    assert (tmp_path / "features_errors.csv").exists()
    (broken / "b.nwb").write_bytes((made / "b.nwb").read_bytes())
    batch = extract(broken, out=out, jobs=1, progress=False)
    assert calls == ["a.nwb", "b.nwb", "c.nwb", "b.nwb"]
    assert len(batch.features) == 3
    assert not (tmp_path / "features_errors.csv").exists()


@pytest.mark.parametrize(
    "spoilt",
    [
        lambda line: line[:-30],
        lambda _: b"\xff\xfe no journal",
        lambda _: b"[]",
        lambda line: line.replace(b'"sag"', b'"gas"'),
        lambda line: line.replace(f'"allentk":"{__version__}"'.encode(), b'"allentk":"0"'),
    ],
    ids=["cut short", "no json", "no entry", "other columns", "other version"],
)
def test_a_line_that_does_not_count_costs_its_cell(folder, tmp_path, calls, spoilt):
    out = tmp_path / "features.csv"
    extract(folder, out=out, jobs=1, progress=False)
    first, second = journal_of(out).read_bytes().splitlines()
    assert spoilt(second) != second
    journal_of(out).write_bytes(first + b"\n" + spoilt(second))
    batch = extract(folder, out=out, jobs=1, progress=False)
    assert calls == ["a.nwb", "c.nwb", "c.nwb"]
    assert batch.features["ri"].tolist() == pytest.approx([100.0, 300.0], rel=1e-3)
    assert journal_of(out).read_bytes().splitlines() == [first, second]


def test_an_interruption_keeps_what_is_finished(folder, made, tmp_path, monkeypatch):
    real, seen = feature_batch.measured, []

    def interrupted(job):
        seen.append(Path(job.path).name)
        if seen == ["a.nwb", "b.nwb"]:
            raise KeyboardInterrupt
        return real(job)

    monkeypatch.setattr(feature_batch, "measured", interrupted)
    files = [folder / "a.nwb", made / "b.nwb", folder / "c.nwb"]
    out = tmp_path / "features.csv"
    with pytest.raises(KeyboardInterrupt):
        extract(files, out=out, jobs=1, progress=False)
    assert not out.exists()
    finished = [json.loads(line)["path"] for line in journal_of(out).read_text().splitlines()]
    assert str((folder / "a.nwb").resolve()) in finished
    assert str((made / "b.nwb").resolve()) not in finished
    batch = extract(files, out=out, jobs=1, progress=False)
    assert seen.count("a.nwb") == 1
    assert len(batch.features) == 3


MEASURE_TASK = feature_batch.measure_task


def kill_at_b(task):
    """Measure, but for the file b.nwb, which kills its process."""
    if task.recording.name.endswith("b.nwb"):
        os.kill(os.getpid(), signal.SIGKILL)
    return MEASURE_TASK(task)


def test_a_worker_that_dies_costs_its_cell(made, tmp_path, monkeypatch):
    monkeypatch.setattr(feature_batch, "measure_task", kill_at_b)
    batch = extract(made, out=tmp_path / "features.csv", jobs=2, progress=False)
    assert [Path(source).name for source in batch.features["source"]] == ["a.nwb", "c.nwb"]
    assert batch.errors["recording"].tolist() == [str(made / "b.nwb")]
    assert batch.errors["error"].tolist() == ["WorkerDied"]
    assert "killed or crashed" in batch.errors["message"][0]


def test_all_items_end_though_processes_die():
    items = [partial(os._exit, 1), *(partial(abs, -n) for n in range(5)), partial(os._exit, 1)]
    ended = list(work_through(call, items, processes.Processes(2)))
    assert sorted(each.value for each in ended if each.error is None) == [0, 1, 2, 3, 4]
    assert sum(each.error is not None for each in ended) == 2


def test_items_are_taken_no_more_than_one_ahead():
    taken = []
    items = (taken.append(n) or n for n in range(-9, 0))
    with closing(work_through(abs, items, processes.Processes(1))) as ended:
        assert next(ended).value == 9
        assert len(taken) <= 3


def test_what_is_under_way_ends_when_nobody_waits_for_it():
    an_hour = 3600
    with closing(work_through(time.sleep, [0, an_hour, an_hour], processes.Processes(2))) as ended:
        assert next(ended).item == 0


def test_processes_that_cannot_start_say_what_to_do(monkeypatch):
    monkeypatch.setattr(processes, "_settle_in", partial(os._exit, 3))
    with pytest.raises(ConfigError, match=r'if __name__ == "__main__".*jobs=1'):
        list(work_through(abs, [1], processes.Processes(2)))


class Service:
    """Two specimens; keeps what was fetched."""

    def __init__(self, files, *, synthetic=True):
        self.files, self.synthetic, self.fetched = files, synthetic, []

    def fetch(self, specimen_id, *, what):
        assert what == ("sweeps",)
        self.fetched.append(specimen_id)
        if specimen_id not in self.files:
            raise OfflineError(f"specimen {specimen_id} is not in the cache")
        return {"sweeps": self.files[specimen_id]}


def test_specimens_are_fetched_once(folder, tmp_path):
    service = Service({7: folder / "c.nwb"})
    out = tmp_path / "features.csv"
    todo = [np.int64(7), 8, folder / "a.nwb"]
    batch = extract(todo, cells=service, out=out, jobs=1, progress=False)
    assert batch.features["specimen_id"].tolist()[0] == 7
    assert batch.features["specimen_id"].isna().tolist() == [False, True]
    assert batch.errors["recording"].tolist() == ["8"]
    assert "go online" in batch.errors["advice"][0]
    (folder / "c.nwb").unlink()
    again = extract(todo, cells=service, out=out, jobs=1, progress=False)
    assert service.fetched == [7, 8, 8]
    pd.testing.assert_frame_equal(again.features, batch.features)


def test_a_synthetic_specimen_is_not_taken_for_a_real_one(folder, tmp_path):
    real = folder / "c.nwb"
    write_cell(real, description="a recording", synthetic=False)
    out = tmp_path / "features.csv"
    for synthetic in (True, False, False):
        service = Service({7: real}, synthetic=synthetic)
        batch = extract(7, cells=service, out=out, jobs=1, progress=False)
        assert batch.features["synthetic"].tolist() == [synthetic]
        assert batch.metadata["synthetic"] is synthetic
    assert batch.n_measured == 0


def test_a_file_of_another_specimen(folder):
    write_cell(folder / "c.nwb", specimen_id=9)
    batch = extract(7, cells=Service({7: folder / "c.nwb"}), jobs=1, progress=False)
    assert batch.errors["error"].tolist() == ["IntegrityError"]
    # It is to be deleted: where it lies must be said.
    assert batch.errors["message"][0].startswith(
        f"{(folder / 'c.nwb').resolve()}: expected specimen 7"
    )
    assert batch.errors["advice"][0].endswith("allentk fetch 7")


def test_the_service_is_the_default(monkeypatch, folder):
    made = []

    def client(*, progress):
        made.append(progress)
        return Service({7: folder / "a.nwb"}, synthetic=False)

    monkeypatch.setattr(batch_work, "CellTypes", client)
    assert len(extract([7], jobs=1, progress=False).features) == 1
    extract(folder, jobs=1, progress=False)
    assert made == [False]


def test_csv(folder, tmp_path):
    out = tmp_path / "features.csv"
    batch = extract(folder, out=out, jobs=1, progress=False)
    assert batch.files == (out,)
    read = pd.read_csv(out)
    assert read["ri"].tolist() == batch.features["ri"].tolist()
    assert out.read_text().splitlines()[0].split(",") == list(batch.features.columns)


def test_json_says_how_it_was_made(broken, tmp_path):
    out = tmp_path / "features.json"
    batch = extract(broken, out=out, jobs=1, progress=False)
    document = json.loads(out.read_text())
    assert document["definition"] == "allen"
    assert document["allentk"] == __version__
    assert document["filter"] == FILTER
    assert (document["n_cells"], document["n_failed"], document["synthetic"]) == (2, 1, True)
    assert document["features"][0]["ri"] == batch.features["ri"][0]
    assert document["features"][0]["threshold_t_ramp"] is None
    assert document["errors"][0]["error"] == "FormatError"
    assert batch.files == (out, tmp_path / "features_errors.csv")


def test_parquet_keeps_types_and_how_it_was_made(folder, tmp_path):
    from pyarrow import parquet

    out = tmp_path / "features.parquet"
    batch = extract(folder, out=out, jobs=1, progress=False)
    read = pd.read_parquet(out)
    pd.testing.assert_frame_equal(read, batch.features, check_dtype=False)
    assert read["ri"].dtype == float
    assert str(read["rheobase_sweep_number"].dtype) == "Int64"
    assert json.loads(parquet.read_schema(out).metadata[b"PANDAS_ATTRS"]) == batch.metadata


def test_the_stated_filter_is_the_one_used():
    assert FILTER.endswith("at 10 kHz, or at 0.4 of the sampling rate below 22 kHz")
    assert (cutoff_hz(50_000.0), cutoff_hz(20_000.0)) == (10_000.0, 8_000.0)


def test_what_cannot_be_written_is_said_first(folder, tmp_path, calls, monkeypatch):
    with pytest.raises(ConfigError, match=r"\.csv, \.json, \.parquet, got .*features\.xlsx"):
        extract(folder, out=tmp_path / "features.xlsx", jobs=1)
    monkeypatch.setattr(feature_files, "find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"allentk\[parquet\]"):
        extract(folder, out=tmp_path / "features.parquet", jobs=1)
    with pytest.raises(ConfigError, match="cannot write"):
        extract(folder, out=folder / "a.nwb" / "features.csv", jobs=1)
    with pytest.raises(FeatureError, match="definition must be one of"):
        extract(folder, definition="other", jobs=1)
    assert calls == []


def test_quality_and_vectors(folder, tmp_path, further, calls):
    (folder / "c.nwb").rename(folder / "longer.nwb")
    out = tmp_path / "features.csv"
    asked = {"out": out, "jobs": 1, "progress": False, "quality": True, "vectors": True}
    first = extract(folder, **asked)
    again = extract(folder, **asked)
    assert len(calls) == 2
    for batch in (first, again):
        assert len(batch.quality) == 8
        assert batch.quality["value"].isna().sum() == 4
        assert batch.quality["passed"].all()
        np.testing.assert_array_equal(batch.vectors["first"], [[1 / 3, np.nan, -np.inf]] * 2)
        np.testing.assert_array_equal(batch.vectors["size"][0], [0, *[np.nan] * 5])
        np.testing.assert_array_equal(batch.vectors["size"][1], np.arange(6))
    with np.load(tmp_path / "features_vectors.npz", allow_pickle=False) as held:
        assert held["ids"].tolist() == first.features["source"].tolist()
        assert held["synthetic"].tolist() == [True, True]
        np.testing.assert_array_equal(held["size"], first.vectors["size"])
    assert len(pd.read_csv(tmp_path / "features_quality.csv")) == 8
    extract(folder, **{**asked, "out": tmp_path / "other.json"})
    assert json.loads((tmp_path / "other.json").read_text())["quality"][1]["value"] is None
    assert len(calls) == 4
    assert extract(folder, out=out, jobs=1, progress=False).vectors is None
    assert len(calls) == 4


def test_a_part_that_fails_costs_that_part(folder, tmp_path, further, calls):
    def none(sweeps, *, definition):
        raise FeatureError("no short square")

    known, further.vectors = further.vectors, none
    asked = {"out": tmp_path / "features.csv", "jobs": 1, "progress": False, "vectors": True}
    batch = extract(folder, **asked)
    assert len(batch.features) == 2
    assert batch.errors["what"].tolist() == ["vectors", "vectors"]
    assert batch.errors["message"].tolist() == ["no short square"] * 2
    assert (batch.n_failed, batch.vectors) == (0, {})
    further.vectors = known
    assert set(extract(folder, **asked).vectors) == {"first", "size"}
    assert len(calls) == 4


def test_each_definition_is_measured(folder, tmp_path, monkeypatch):
    asked = []
    real = features.cell

    def cell(sweeps, *, definition):
        asked.append(definition)
        return real(sweeps)

    monkeypatch.setattr(features, "cell", cell)
    out = tmp_path / "features.csv"
    for definition in ("allen", "allentk", "allen", "allentk"):
        batch = extract(folder / "a.nwb", out=out, jobs=1, definition=definition, progress=False)
        assert batch.metadata["definition"] == definition
    assert asked == ["allen", "allentk"]


def test_a_recording_of_voltage_clamp_alone_says_so(folder, monkeypatch):
    from allentk.workflow import opening

    noted = SimpleNamespace(metadata={"note": "no current clamp"})
    monkeypatch.setattr(opening, "read_nwb", lambda _: noted)
    batch = extract(folder / "a.nwb", jobs=1, progress=False)
    assert batch.errors["message"].tolist() == ["no current clamp"]
    assert list(batch.features.columns) == [*CELL_COLUMNS, "filter_hz", "source", "synthetic"]


def test_folders_are_searched(tmp_path):
    for name in ("z/b.nwb", "a.nwb", "z/.hidden.nwb", "note.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = listed([tmp_path, tmp_path / "z" / ".." / "a.nwb", 5, 5])
    assert [Path(each.name).name for each in found] == ["a.nwb", "b.nwb", "5"]
    assert found[-1].specimen_id == 5


def test_nothing_to_measure(tmp_path):
    with pytest.raises(DataError, match=r"there is no \*\.nwb in it"):
        extract(tmp_path)
    with pytest.raises(DataError, match="no recording was given"):
        extract([])


def test_the_vectors_of_a_batch_follow_its_definition(made):
    found = {
        definition: extract(
            made / "a.nwb", jobs=1, vectors=True, definition=definition, progress=False
        ).vectors
        for definition in ("allen", "allentk")
    }
    for definition, held in found.items():
        alone = features.vectors(read_nwb(made / "a.nwb"), definition=definition)
        np.testing.assert_array_equal(held["isi_shape"][0], alone["isi_shape"])
    assert not np.array_equal(found["allen"]["isi_shape"], found["allentk"]["isi_shape"])
