"""Many recordings fitted: a bad one costs itself, nothing is fitted twice, workers change no number."""

import json
import os
import signal
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

from allentk import __version__
from allentk.cli.pools import pools
from allentk.errors import (
    ConfigError,
    DataError,
    FitError,
    FormatError,
    MissingExtraError,
    OfflineError,
    ServiceError,
)
from allentk.fitting import fit_levels
from allentk.io import read_glif, read_nwb
from allentk.workflow import batch_work, dask_pool, fit_batch, fit_many
from allentk.workflow import fit_levels as levels_of
from allentk.workflow.executors import work_through
from allentk.workflow.fit_cell import seed_of
from allentk.workflow.fit_list import read_list
from allentk.workflow.fit_tables import FIT_COLUMNS, parameter_values
from allentk.workflow.journal import journal_of
from allentk.workflow.recordings import listed
from tests.workflow.conftest import noise_cell, write_noise_cell

QUICK = {"levels": (1, 3), "jobs": 1, "max_evaluations": 0, "progress": False}
ONE = {**QUICK, "levels": (1,)}
SEARCHED = {**QUICK, "max_evaluations": 3}


@pytest.fixture
def folder(noise_cells, tmp_path):
    """Copy the first and the last of three cells."""
    copies = tmp_path / "recordings"
    copies.mkdir()
    for name in ("a.nwb", "c.nwb"):
        (copies / name).write_bytes((noise_cells / name).read_bytes())
    return copies


@pytest.fixture
def calls(monkeypatch):
    """Keep which files are fitted in this process."""
    seen = []
    real = fit_batch.fitted

    def counted(job):
        seen.append(Path(job.path).name)
        return real(job)

    monkeypatch.setattr(fit_batch, "fitted", counted)
    return seen


def test_a_row_per_cell_and_level_as_fitted_alone(folder):
    batch = fit_many(folder, **QUICK)
    fits = batch.fits
    assert tuple(fits.columns) == FIT_COLUMNS
    assert fits["level"].tolist() == [1, 3, 1, 3]
    assert fits["source"].tolist() == [
        str(folder / name) for name in ("a.nwb",) * 2 + ("c.nwb",) * 2
    ]
    (recording,) = listed(folder / "c.nwb")
    alone = fit_levels(
        read_nwb(folder / "c.nwb"),
        (1, 3),
        seed=seed_of(recording),
        max_evaluations=0,
        progress=False,
    )
    rows = fits[2:].set_index("level")
    assert rows["seed"].tolist() == [seed_of(recording)] * 2
    assert rows.index[rows["chosen"]].tolist() == [alone.chosen]
    for level in (1, 3):
        expected = alone.fits[level]
        assert batch.models["c"][level].C_pf == pytest.approx(expected.model.C_pf)
        for name, value in parameter_values(expected.model).items():
            assert rows.loc[level, name] == pytest.approx(value)
        assert rows.loc[level, "cv_score"] == pytest.approx(expected.cv_score)
        assert rows.loc[level, "bic"] == pytest.approx(expected.bic)
    assert (batch.n_cells, batch.n_failed, batch.n_fitted, batch.files) == (2, 0, 2, ())
    assert fits["synthetic"].all()
    assert fits.attrs == batch.metadata
    assert repr(batch) == "<FitBatch: 2 cells (2 fitted now) at levels [1, 3], 0 failed>"


def test_files_that_other_commands_read(folder, tmp_path):
    out = tmp_path / "fits"
    batch = fit_many(folder, out=out, **QUICK)
    table = pd.read_csv(out / "fits.csv")
    assert table["level"].tolist() == [1, 3, 1, 3]
    assert batch.files == (out / "fits.csv",)
    for file, row in zip(table["file"], batch.fits.itertuples(), strict=True):
        assert read_glif(out / file).C_pf == pytest.approx(row.C_pf)
    scores = json.loads((out / "a" / "scores.json").read_text())
    assert scores["chosen"] in (1, 3)
    assert [level["file"] for level in scores["levels"]] == [
        f"glif{k}/neuron_config.json" for k in (1, 3)
    ]
    assert pd.read_csv(out / "a" / "scores.csv")["synthetic"].all()
    found = pools(excitatory=[out / "a"], inhibitory=[out / "c"])
    assert (len(found.excitatory), found.synthetic) == (1, True)


FIT_TASK = fit_batch.fit_task


def kill_at_b(task):
    """Fit, but for the file b.nwb, which kills its process."""
    if task.recording.name.endswith("b.nwb"):
        os.kill(os.getpid(), signal.SIGKILL)
    return FIT_TASK(task)


@pytest.fixture
def mixed(folder, noise_cells):
    """Cells that can be fitted, one whose worker dies, one that is no recording; not in their order."""
    (folder / "d.nwb").write_bytes(b"no recording")
    return [folder / "d.nwb", folder / "c.nwb", noise_cells / "b.nwb", folder / "a.nwb"]


def expect_same(batch, mixed):
    """Compare the cells that were fitted with a run in this process."""
    here = fit_many([mixed[1], mixed[3]], **SEARCHED)
    assert here.n_failed == 0
    fitted = batch.fits[batch.fits["file"].notna()].reset_index(drop=True)
    pd.testing.assert_frame_equal(fitted, here.fits)
    assert batch.errors["recording"].tolist() == [str(mixed[0]), str(mixed[2])]
    assert batch.errors["error"].tolist() == ["FormatError", "WorkerDied"]
    assert "more memory" in batch.errors["advice"][1]
    failed = batch.fits[batch.fits["file"].isna()]
    assert failed["level"].tolist() == [1, 3, 1, 3]
    assert failed["error"].str.contains("HDF5|killed").all()


def test_processes_give_the_same_and_a_dead_one_costs_its_cell(mixed, monkeypatch):
    monkeypatch.setattr(fit_batch, "fit_task", kill_at_b)
    expect_same(fit_many(mixed, **{**SEARCHED, "jobs": 2}), mixed)


def test_what_is_finished_is_not_fitted_again(folder, noise_cells, tmp_path, calls):
    out = tmp_path / "fits"
    first = fit_many(folder, out=out, **ONE)
    assert calls == ["a.nwb", "c.nwb"]
    again = fit_many([*sorted(folder.iterdir()), noise_cells / "b.nwb"], out=out, **ONE)
    assert calls[2:] == ["b.nwb"]
    assert again.n_fitted == 1
    pd.testing.assert_frame_equal(again.fits[:2], first.fits)
    fit_many(folder, out=out, **{**ONE, "seed": 1})
    assert calls[3:] == ["a.nwb", "c.nwb"]
    fit_many(folder, out=out, resume=False, **ONE)
    assert calls[5:] == ["a.nwb", "c.nwb"]
    assert len(journal_of(out / "fits.csv").read_text().splitlines()) == 2


def test_a_changed_file_is_fitted_again(folder, tmp_path, calls):
    out = tmp_path / "fits"
    fit_many(folder, out=out, **ONE)
    write_noise_cell(folder / "c.nwb", 300.0)
    batch = fit_many(folder, out=out, **ONE)
    assert calls == ["a.nwb", "c.nwb", "c.nwb"]
    assert batch.fits["R_mohm"][1] == pytest.approx(300.0, rel=0.1)


@pytest.mark.parametrize(
    "spoilt",
    [
        lambda line: line[:-30],
        lambda line: line.replace(b'"level":1,', b'"level":2,'),
        lambda line: line.replace(b'"training_score"', b'"train_score"'),
        lambda line: line.replace(b'"E_L_mv"', b'"EL"'),
        lambda line: line.replace(b'"train":"', b'"train":["').replace(b'","test"', b'"],"test"'),
        lambda line: line.replace(f'"allentk":"{__version__}"'.encode(), b'"allentk":"0"'),
    ],
    ids=[
        "cut short",
        "other levels",
        "other columns",
        "other parameters",
        "a list for a name",
        "other version",
    ],
)
def test_a_line_that_does_not_count_costs_its_cell(folder, tmp_path, calls, caplog, spoilt):
    out = tmp_path / "fits"
    fit_many(folder, out=out, **ONE)
    first, second = journal_of(out / "fits.csv").read_bytes().splitlines()
    assert spoilt(second) != second
    journal_of(out / "fits.csv").write_bytes(first + b"\n" + spoilt(second))
    fit_many(folder, out=out, **ONE)
    assert calls == ["a.nwb", "c.nwb", "c.nwb"]
    assert "1 finished items are done again" in caplog.text
    assert journal_of(out / "fits.csv").read_bytes().splitlines() == [first, second]


def test_stimuli_of_other_names(folder, tmp_path, calls):
    out = tmp_path / "fits"
    names = {"train": "Noise 2", "test": "Noise 1"}
    turned = fit_many(folder / "a.nwb", out=out, **ONE, **names)
    assert turned.metadata | names == turned.metadata
    assert turned.fits["held_out"].tolist() == [True]
    plain = fit_many(folder / "a.nwb", out=out, **ONE)
    assert plain.fits["R_mohm"][0] != turned.fits["R_mohm"][0]
    fit_many(folder / "a.nwb", out=out, **ONE, **names)
    assert calls == ["a.nwb", "a.nwb"]


def test_an_interruption_keeps_what_is_finished(folder, tmp_path, monkeypatch):
    real, seen = fit_batch.fitted, []

    def interrupted(job):
        seen.append(Path(job.path).name)
        if seen == ["a.nwb", "c.nwb"]:
            raise KeyboardInterrupt
        return real(job)

    monkeypatch.setattr(fit_batch, "fitted", interrupted)
    out = tmp_path / "fits"
    with pytest.raises(KeyboardInterrupt):
        fit_many(folder, out=out, **ONE)
    assert not (out / "fits.csv").exists()
    assert len(fit_many(folder, out=out, **ONE).fits) == 2
    assert seen.count("a.nwb") == 1


def test_a_failed_cell_is_tried_again(folder, noise_cells, tmp_path, calls):
    out = tmp_path / "fits"
    (folder / "c.nwb").write_bytes(b"cut off")
    batch = fit_many(folder, out=out, **ONE)
    assert batch.errors["what"].tolist() == ["cell"]
    assert (out / "fits_errors.csv") in batch.files
    (folder / "c.nwb").write_bytes((noise_cells / "c.nwb").read_bytes())
    assert fit_many(folder, out=out, **ONE).n_failed == 0
    assert calls == ["a.nwb", "c.nwb", "c.nwb"]
    assert not (out / "fits_errors.csv").exists()


def test_a_level_that_fails_costs_that_level(folder, tmp_path, monkeypatch):
    real = fit_levels

    def without_three(*args, **options):
        found = real(*args, **options)
        return type(found)({1: found.fits[1]}, {3: FitError("too few spikes")}, found.levels)

    monkeypatch.setattr(levels_of, "fit_levels", without_three)
    stale = tmp_path / "fits" / "a" / "glif3" / "neuron_config.json"
    stale.parent.mkdir(parents=True)
    stale.write_text("of an earlier fit")
    batch = fit_many(folder / "a.nwb", out=tmp_path / "fits", **QUICK)
    assert not stale.exists()
    assert batch.fits["error"].tolist() == ["", "too few spikes"]
    assert batch.fits["chosen"].tolist() == [True, False]
    assert batch.fits["R_mohm"].isna().tolist() == [False, True]
    assert batch.n_failed == 0


def test_what_was_not_counted_is_not_0():
    found = fit_levels(noise_cell(), (1,), max_evaluations=0, progress=False)
    bare = replace(found, fits={1: replace(found.fits[1], n_parameters=0)})
    counts = [levels_of.rows_of(noise_cell(), each)[0]["n_parameters"] for each in (found, bare)]
    assert counts == [6, None]


def test_a_cell_without_any_level_says_why(folder, monkeypatch):
    def none(*args, **options):
        raise FitError("no noise")

    monkeypatch.setattr(levels_of, "fit_levels", none)
    batch = fit_many(folder / "a.nwb", **QUICK)
    assert batch.errors["message"].tolist() == ["no noise"]
    assert batch.errors["advice"][0].startswith("look at what was recorded: allentk sweeps ")
    assert batch.fits["error"].tolist() == ["no noise"] * 2


def test_the_published_pipeline_chooses_no_level(folder, monkeypatch):
    asked = []

    def fit(self, sweeps):
        asked.append((self.level, self.method))
        if self.level == 3:
            raise DataError("a rate below 0")
        (self.result_,) = fit_levels(sweeps, (1,), max_evaluations=0, progress=False).fits.values()
        return self

    monkeypatch.setattr(levels_of.GLIFFitter, "fit", fit)
    batch = fit_many(folder / "a.nwb", method="teeter2018", **QUICK)
    assert asked == [(1, "teeter2018"), (3, "teeter2018")]
    assert batch.fits["chosen"].tolist() == [False, False]
    assert batch.fits["error"].tolist() == ["", "GLIF 3 cannot be put together: a rate below 0"]
    assert batch.fits["method"].tolist() == ["teeter2018"] * 2


@pytest.mark.parametrize(
    "asked",
    [{"levels": (6,)}, {"levels": ()}, {"method": "best"}, {"seed": 1.5}, {"max_evaluations": -1}],
)
def test_what_there_is_not_is_said_before_anything_is_done(folder, asked):
    with pytest.raises(ConfigError, match=r"levels|method|seed|max_evaluations"):
        fit_many(folder, **{**QUICK, **asked})


class Service:
    """Specimens; keeps what was fetched."""

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
    out = tmp_path / "fits"
    batch = fit_many([np.int64(7), 8], cells=service, out=out, **ONE)
    assert batch.fits["specimen_id"].tolist() == [7, 8]
    assert "go online" in batch.errors["advice"][0]
    (folder / "c.nwb").unlink()
    again = fit_many([7, 8], cells=service, out=out, **ONE)
    assert service.fetched == [7, 8, 8]
    pd.testing.assert_frame_equal(again.fits, batch.fits)
    assert (out / "7" / "glif1" / "neuron_config.json").is_file()
    real = fit_many(7, cells=Service({}, synthetic=False), out=out, **ONE)
    assert real.n_cells == 0


def test_the_service_is_the_default(folder, monkeypatch):
    monkeypatch.setattr(batch_work, "CellTypes", lambda *, progress: Service({7: folder / "a.nwb"}))
    assert fit_many(7, **ONE).fits["specimen_id"].tolist() == [7]


def test_a_file_of_another_specimen(folder):
    write_noise_cell(folder / "c.nwb", specimen_id=9)
    batch = fit_many(7, cells=Service({7: folder / "c.nwb"}), **ONE)
    assert batch.errors["error"].tolist() == ["IntegrityError"]


def test_a_recording_of_voltage_clamp_alone_says_so(folder, monkeypatch):
    from allentk.workflow import opening

    noted = SimpleNamespace(metadata={"note": "no current clamp"})
    monkeypatch.setattr(opening, "read_nwb", lambda _: noted)
    assert fit_many(folder / "a.nwb", **ONE).errors["message"].tolist() == ["no current clamp"]


def test_files_of_one_name_have_folders_of_their_own(folder, tmp_path):
    (folder / "more").mkdir()
    (folder / "more" / "a.nwb").write_bytes((folder / "c.nwb").read_bytes())
    out = tmp_path / "fits"
    batch = fit_many([folder / "a.nwb", folder / "more" / "a.nwb"], out=out, **ONE)
    first, second = (Path(file).parts[0] for file in batch.fits["file"])
    assert first != second
    assert first.startswith("a-")
    assert read_glif(out / second / "glif1" / "neuron_config.json").R_mohm == pytest.approx(
        batch.fits["R_mohm"][1]
    )


def test_a_seed_is_the_cells_own():
    (by_id,), (by_file,), (other,) = listed(485909730), listed("x/485909730.nwb"), listed("y.nwb")
    assert seed_of(by_id) == seed_of(by_file) != seed_of(other)
    assert seed_of(by_id, 1) != seed_of(by_id)


# A list of cells.


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("485909730\nlab/cell.nwb\n", [485909730, "lab/cell.nwb"]),
        ("# a list\n\n485909730 # the first\n", [485909730]),
        ("cell\n1\n", [1]),
        ('\ufeffname,id\nRorb,1\n"a, b",2\n', [1, 2]),
        ("Specimen_ID\n5\n", [5]),
        ("1,Rorb\n2,Sst\n", [1, 2]),
    ],
)
def test_a_list_is_read(tmp_path, text, expected):
    file = tmp_path / "cells.csv"
    file.write_text(text, encoding="utf-8")
    assert read_list(file) == expected


def test_files_are_found_beside_the_list(folder, tmp_path):
    file = tmp_path / "cells.txt"
    file.write_text("recordings/a.nwb\nrecordings\nnowhere.nwb\n")
    assert read_list(file) == [str(folder / "a.nwb"), str(folder), "nowhere.nwb"]


def test_what_is_no_list(folder, tmp_path):
    (tmp_path / "empty.txt").write_text("# nothing\nid\n")
    with pytest.raises(DataError, match="there is none in it"):
        read_list(tmp_path / "empty.txt")
    with pytest.raises(FormatError, match="without --cells"):
        read_list(folder / "a.nwb")
    with pytest.raises(FormatError, match="there is no such file"):
        read_list(tmp_path / "nowhere.csv")


# A Dask cluster.


@pytest.fixture(scope="module")
def scheduler():
    """Start a cluster of two workers that gives up a task whose worker died; give its address."""
    distributed = pytest.importorskip("distributed")
    dask = pytest.importorskip("dask")
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as made,
    ):
        yield made.scheduler_address


def test_cells_in_threads_of_one_process_are_fitted_one_after_the_other(monkeypatch):
    under_way = []

    def slow(job):
        under_way.append(job)
        time.sleep(0.02)
        return len(under_way), under_way.remove(job)

    monkeypatch.setattr(fit_batch, "fitted", slow)
    tasks = [SimpleNamespace(job=n) for n in range(4)]
    with threadpool_limits(1), ThreadPoolExecutor(4) as threads:
        assert [n for n, _ in threads.map(fit_batch.fit_task, tasks)] == [1, 1, 1, 1]


def test_a_client_that_is_given_stays_open(scheduler):
    import distributed

    with distributed.Client(scheduler, set_as_default=False) as client:
        with dask_pool.cluster(client) as workers:
            assert workers.width() == 2
            ended = list(work_through(abs, [-1, "x", -2], workers))
        assert sorted(each.value for each in ended if each.error is None) == [1, 2]
        assert [type(each.error) for each in ended if each.error] == [TypeError]
        assert client.status == "running"


def test_what_is_under_way_is_cancelled_when_nobody_waits_for_it(scheduler):
    with dask_pool.cluster(scheduler) as workers:
        with workers.together() as pool:
            promises = [pool.submit(time.sleep, 1) for _ in range(3)]
        done = wait(promises, timeout=30).done
    assert len(done) == 3
    assert all(promise.cancelled() for promise in promises)


def test_workers_of_another_version_are_refused(scheduler, monkeypatch):
    monkeypatch.setattr(dask_pool, "__version__", "0.0")
    expected = rf"expected allentk 0\.0 on every worker.* 2 of 2 have .*: {__version__}"
    with pytest.raises(ConfigError, match=expected), dask_pool.cluster(scheduler):
        pass


def test_a_cluster_without_workers_says_how_to_start_some():
    address = SimpleNamespace(address="tcp://here:1")
    client = SimpleNamespace(run=lambda *_, **__: {}, scheduler=address)
    expected = r"no workers; start some: dask worker tcp://here:1"
    with pytest.raises(ConfigError, match=expected), dask_pool.cluster(client):
        pass


def test_no_scheduler_says_so(folder, monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr(dask_pool, "_PATIENCE_S", 0.2)
    for address in ("tcp://127.0.0.1:1", "nonsense"):
        with pytest.raises(ConfigError, match=f"expected a scheduler at '{address}'"):
            fit_many(folder, client=address, **ONE)


def test_without_dask_the_extra_is_named(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingExtraError, match=r'pip install "allentk\[dask\]"'):
        fit_many(folder, client="tcp://127.0.0.1:1", **ONE)


class Lost:
    """A client of a scheduler that goes away."""

    scheduler = SimpleNamespace(address="tcp://gone:1")

    def __init__(self, nthreads):
        self.nthreads = nthreads

    def get_executor(self, *, pure):
        assert pure is False
        return self

    def submit(self, function, item):
        cancelled = Future()
        cancelled.cancel()
        cancelled.set_running_or_notify_cancel()
        return cancelled

    def shutdown(self, *, wait):
        assert wait is False


def unreachable():
    raise OSError("connection closed")


@pytest.mark.parametrize("nthreads", [dict, unreachable])
def test_a_scheduler_that_is_lost_ends_the_batch(nthreads):
    with pytest.raises(ServiceError, match=r"tcp://gone:1 was lost.* run the same"):
        list(work_through(abs, [-1], dask_pool.Cluster(Lost(nthreads))))


@pytest.mark.parametrize("n_busy", [3, 4])
def test_a_client_gets_several_attempts_on_a_busy_machine(monkeypatch, n_busy):
    asked = []

    def started(address, **_):
        asked.append(address)
        assert len(asked) > n_busy
        raise OSError("nobody there")

    monkeypatch.setattr(dask_pool, "_distributed", lambda: SimpleNamespace(Client=started))
    expected = (ConfigError, "nobody there") if n_busy < 4 else (ServiceError, "in 4 attempts")
    with (
        pytest.raises(expected[0], match=expected[1]),
        dask_pool.cluster("tcp://127.0.0.1:1"),
    ):
        pass
    assert asked == ["tcp://127.0.0.1:1"] * 4


def test_a_cluster_gives_the_same_and_a_dead_worker_costs_its_cell(mixed, scheduler, monkeypatch):
    monkeypatch.setattr(fit_batch, "fit_task", kill_at_b)
    expect_same(fit_many(mixed, client=scheduler, **SEARCHED), mixed)
