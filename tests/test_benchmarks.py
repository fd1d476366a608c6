"""The registry of benchmarks, the one table from their pages, and the runner."""

import ast
import csv
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from benchmarks import _bench, _peers
from benchmarks.__main__ import main
from benchmarks._bench import Plan, UnreadyError, command, go
from benchmarks._pages import number, read_page
from benchmarks._peers import PEERS, PeerError, environment, interpreter
from benchmarks._registry import BENCHMARKS, OTHER_PROGRAMS, Benchmark, named
from benchmarks._run import RESULTS, moved, run
from benchmarks._summaries import READERS
from benchmarks._summary import (
    lines_of,
    markdown,
    ran,
    recorded,
    runs_of,
    table_csv,
    unreadable,
    write_runs,
    write_summary,
)
from docs import make_benchmarks

FOLDER = RESULTS.parent
BOTH = [(one, quick) for one in BENCHMARKS for quick in (False, True) if not quick or one.quick]
AGAIN = "python -m benchmarks --summary"


def test_every_program_of_the_folder_is_listed_once():
    files = sorted(path.stem for path in FOLDER.glob("[!_]*.py"))
    assert sorted([one.name for one in BENCHMARKS] + list(OTHER_PROGRAMS)) == files
    assert set(READERS) <= {one.name for one in BENCHMARKS}


@pytest.mark.parametrize(("one", "quick"), BOTH, ids=lambda x: getattr(x, "name", str(x)))
def test_a_benchmark_knows_the_arguments_it_is_given(one, quick):
    source = (FOLDER / f"{one.name}.py").read_text(encoding="utf-8")
    plan = Plan(shared=Path("/data of mine"), quick=quick)
    line = command(one, plan)
    assert line[1:5] == ["-m", "benchmarks._run", one.name, str(RESULTS)]
    assert not [word for word in line[6:] if word.startswith("--") and word[2:] not in source]
    assert not [word for word in line if "{" in word and word is not line[5]]
    assert one.places(quick) <= {*PEERS, "shared", "work"}


@pytest.mark.parametrize("one", [one for one in BENCHMARKS if one.smaller], ids=lambda x: x.name)
def test_a_short_form_replaces_constants_that_are_there(one):
    tree = ast.parse((FOLDER / f"{one.name}.py").read_text(encoding="utf-8"))
    targets = [t for node in tree.body if isinstance(node, ast.Assign) for t in node.targets]
    names = {name.id for t in targets for name in ast.walk(t) if isinstance(name, ast.Name)}
    assert set(one.smaller) <= names
    assert ast.literal_eval(command(one, Plan(shared=Path(), quick=True))[5]) == one.smaller


def test_what_reads_real_data_says_so():
    for one in BENCHMARKS:
        source = (FOLDER / f"{one.name}.py").read_text(encoding="utf-8")
        reads = "ALLENTK_SHARED" in source or "_glif_cells" in source
        assert one.needs_data() == (reads or "shared" in one.places()), one.name


def test_peers_are_pinned():
    assert all("==" in package for packages in PEERS.values() for package in packages)
    assert {peer for one in BENCHMARKS for peer in one.peers()} == set(PEERS)


def test_the_table_is_that_of_the_pages():
    lines = lines_of(RESULTS)
    assert (RESULTS / "summary.csv").read_text(encoding="utf-8") == table_csv(lines), AGAIN
    assert (RESULTS / "summary.md").read_text(encoding="utf-8") == markdown(lines, RESULTS), AGAIN
    known, of_files = runs_of(RESULTS), recorded(RESULTS)
    assert all(known.get(name) == of_files.get(name) for name in READERS), AGAIN
    there = {line.page for line in lines}
    assert there == {name for name in READERS if (RESULTS / f"{name}.md").exists()}
    assert all(line.row.ours_cpu_s > 0 for line in lines)
    assert all(line.row.ratio > 0 for line in lines if line.row.beside)
    assert all(line.date for line in lines)


def test_times_and_ratios_are_those_of_the_page(tmp_path):
    (tmp_path / "nwb1_reading.md").write_text(
        "# Reading\n\n- machine: A 9000 CPU, Linux\n- allentk: Python 3.11.7, numpy 2.0\n"
        "- AllenSDK, in its own environment: Python 3.8, allensdk 2.16.2\n\n"
        "| what | beside | allentk, ms | other, ms | ratio |\n|---|---|---|---|---|\n"
        "| read | AllenSDK | 20.0 | 5.0 | 4.00 |\n"
    )
    (tmp_path / "population_speed.md").write_text(
        "# Speed\n\n- processor: B; 2 cores\n- memory: 42 bytes for one more neuron on noise\n\n"
        "| peer | neurons | allentk runs | allentk | peer | times |\n|---|---|---|---|---|---|\n"
        "| NEST | 10,000 | one, float64 | 1000 | 50 | 20.0 |\n"
    )
    reading, neurons = lines_of(tmp_path)
    assert (reading.row.ours_cpu_s, reading.row.peer_cpu_s) == (0.020, 0.005)
    assert reading.row.ratio == 0.25  # the page's is ours over theirs
    assert reading.machine == "A 9000 CPU"
    assert (
        reading.versions
        == "allentk: Python 3.11.7, numpy 2.0; AllenSDK: Python 3.8, allensdk 2.16.2"
    )
    # 10,000 neurons x 10,000 steps are 100 million
    assert (neurons.row.ours_cpu_s, neurons.row.peer_cpu_s, neurons.row.ratio) == (0.1, 2.0, 20.0)
    assert neurons.row.memory == "42 bytes for one more neuron"
    [cells] = [row for row in csv.reader(table_csv([reading]).splitlines()) if row[0] == "data"]
    assert cells[4:7] == ["0.0200", "0.00500", "0.25"]


def test_numbers_of_cells():
    assert [number(cell) for cell in ("1,354", "0.26 - 0.33", "1.4e-3 s")] == [1354, 0.26, 0.0014]
    assert number("") != number("")


def test_a_second_column_of_a_name_is_kept(tmp_path):
    path = tmp_path / "page.md"
    path.write_text("# T\n\n## H\n\n| a | a |\n|---|---|\n| 1 | 2 |\n\nend\n")
    [table] = read_page(path).tables
    assert (table.heading, table.rows) == ("H", ({"a": "1", "a (2)": "2"},))


def listed(folder):
    return {path: path.stat().st_mtime_ns for path in folder.glob("*")}


def test_a_dry_run_runs_nothing(capsys, tmp_path):
    before = listed(RESULTS)
    there = ["--peer", f"ipfx={sys.executable}", "--shared", str(tmp_path)]
    assert main(["--quick", "--dry-run", "--environments", str(tmp_path / "e"), *there]) == 0
    said = capsys.readouterr().out
    assert listed(RESULTS) == before
    assert not (tmp_path / "e").exists()
    assert {line.split()[0] for line in said.splitlines() if "benchmarks._run" in line} == {
        one.name for one in BENCHMARKS if one.quick
    }
    assert f"allensdk: {tmp_path / 'e' / 'allensdk'} from allensdk==2.16.2" in said
    assert "ipfx: " not in said  # that one is there already
    assert str(RESULTS) not in said


def test_the_short_form_never_writes_over_the_results(capsys):
    with pytest.raises(SystemExit):
        main(["--quick", "--only", "growth", "--out", str(RESULTS)])
    assert "does not write over" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--only", "nothing"], "invalid choice"),
        (["--quick", "--only", "v1_build"], "no short form of v1_build"),
        (["--all", "--dry-run", "--peer", "ipfx=/not/there"], "expected NAME=PYTHON"),
    ],
)
def test_the_command_line_says_what_is_wrong(arguments, said, capsys):
    with pytest.raises(SystemExit):
        main(arguments)
    assert said in capsys.readouterr().err


def test_listing_is_what_happens_without_a_word(capsys):
    assert main([]) == 0
    said = capsys.readouterr().out
    assert all(f"{one.name}: " in said for one in BENCHMARKS)


def test_data_that_are_missing_are_asked_for():
    with pytest.raises(UnreadyError, match="give --shared FOLDER"):
        command(named("tree_speed"), Plan())


def test_one_that_fails_does_not_stop_the_next(tmp_path, capsys):
    asked = [
        named("ontology_parity"),  # ends in a process of its own: no such interpreter
        named("tree_speed"),  # has no data
        Benchmark("table_opening", "data", "", 1),
    ]
    out = tmp_path / "pages"
    plan = Plan(out, tmp_path / "e", given={"ipfx": tmp_path / "no python"})

    def quickly(line, log, where, real=_bench._logged):
        if "table_opening" not in line:
            return real(line, log, where)
        table = (
            "| table | size | columns, MB | opened, s |\n|---|---|---|---|\n| t | 2 | 1 | 0.5 |\n"
        )
        (where.out / "table_opening.md").write_text(f"# T\n\n{table}")
        return ""

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_bench, "_logged", quickly)
        failed = [bool(one.failure) for one in go(asked, plan)]
    assert failed == [True, True, False]
    text = (out / "summary.md").read_text()
    assert "| [data](table_opening.md) | open the table t | 2 |  | 0.500 |" in text
    assert "| tree_speed | needs the folder of real data" in text
    assert "| ontology_parity | ended with 1: FileNotFoundError" in text
    assert "FAILED, ended with 1" in capsys.readouterr().out
    assert "no python" in (tmp_path / "e" / "logs" / "ontology_parity.log").read_text()


def test_numbers_of_before_a_failure_keep_their_day(tmp_path):
    (tmp_path / "runs.csv").write_text(
        "name,date,minutes,failure,digest\ntable_opening,2026-01-02,3.0,,abc\n"
    )
    write_runs(tmp_path, [ran(tmp_path, "table_opening", 1.0, "why | not")])
    kept = runs_of(tmp_path)["table_opening"]
    assert (kept.date, kept.failure, kept.digest) == ("2026-01-02", "why | not", "abc")
    assert "| table_opening | why / not | 2026-01-02 |" in write_summary(tmp_path).read_text()


def test_a_page_of_another_shape_is_said_and_left_out(tmp_path):
    path = tmp_path / "tree_speed.md"
    path.write_text("# T\n\n## Cell\n\n| run | CPU s |\n|---|---|\n| tree | 1 |\n")
    assert "cannot be read: 'tree, fixed 0.025 ms'" in unreadable(path)
    (tmp_path / "glif_speed.md").write_text("# T\n")
    assert "no table with the columns level" in unreadable(tmp_path / "glif_speed.md")
    assert lines_of(tmp_path) == []


def test_pages_and_constants_are_moved(tmp_path):
    module = ModuleType("m")
    module.RESULTS, module.PEER, module.RUNS = RESULTS / "m.md", FOLDER / "_m.py", 5
    moved(module, tmp_path)
    assert tmp_path / "m.md" == module.RESULTS
    assert module.PEER == FOLDER / "_m.py"
    with pytest.raises(ValueError, match="no N_NOTHING"):
        run("ontology_parity", tmp_path, {"N_NOTHING": 1}, [])


def test_an_environment_is_built_once(tmp_path, monkeypatch):
    done = []

    def pretend(name, line):
        done.append(line)
        (tmp_path / name).mkdir(exist_ok=True)

    monkeypatch.setattr(_peers, "_do", pretend)
    for _ in range(2):
        assert environment("nest", tmp_path) == interpreter(tmp_path / "nest")
    assert len(done) == 2
    assert done[1][-2:] == list(PEERS["nest"])
    monkeypatch.setitem(_peers.PEERS, "nest", ("nest-simulator==1.0",))
    environment("nest", tmp_path)
    assert len(done) == 4


def test_an_environment_that_cannot_be_built_leaves_no_mark(tmp_path, monkeypatch):
    def broken(line, **_):
        return subprocess.CompletedProcess(line, 1, "", "first\nERROR: no such release")

    monkeypatch.setattr(_peers.subprocess, "run", broken)
    with pytest.raises(PeerError, match=r"environment of nest cannot be built: .*no such release"):
        environment("nest", tmp_path)
    assert not (tmp_path / "nest" / "requirements.txt").exists()


def test_the_page_of_the_docs_is_of_today():
    again = "python -m docs.make_benchmarks"
    assert make_benchmarks.PAGE.read_text(encoding="utf-8") == make_benchmarks.page(), again
    for one in make_benchmarks.growths():
        drawn = (make_benchmarks.FIGURES / one.file).read_text(encoding="utf-8")
        assert f"numbers {one.digest}" in drawn, again
        assert len(one.points["allentk"]) > 1


def test_a_figure_is_logarithmic_and_says_synthetic():
    points = {"allentk": [(10.0, 0.1), (100.0, 1.0)], "other": [(10.0, 1.0), (100.0, 100.0)]}
    one = make_benchmarks.Growth("t", "Things", "things", points)
    drawn = make_benchmarks.figure(one)
    [axes] = drawn.axes
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert [text.get_text() for text in drawn.texts] == ["SYNTHETIC"]
    assert "| other | 10: 1 s | 100: 100 s | 2.00 |" in "\n".join(make_benchmarks._grown(one))
