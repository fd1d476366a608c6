"""allentk sweeps."""

import json


def test_a_file(run, nwb1):
    path = nwb1()
    result = run("sweeps", path)
    assert result.exit_code == 0
    head, *rows = result.stdout.splitlines()
    assert head.split()[:4] == ["number", "clamp", "stimulus", "code"]
    assert "start_s" not in head
    assert [row.split()[0] for row in rows] == ["0", "5", "12"]
    assert result.stderr == f"3 sweeps of the synthetic recording {path}.\n"


def test_durations(run, nwb1):
    rows = json.loads(run("sweeps", nwb1(), "--json").stdout)
    assert [row["duration_s"] for row in rows] == [0.2, 2.5, 2.5]
    assert [row["amplitude_pa"] for row in rows] == [None, 50.0, 100.0]
    assert rows[0]["start_s"] is None


def test_a_recording_without_current_clamp_says_so(run, nwb1):
    result = run("sweeps", nwb1(sweeps=(), description="real"))
    assert result.exit_code == 0
    assert "1 sweep of the recording" in result.stderr
    assert "Note: " in result.stderr
    assert "none of the 1 sweeps was recorded in current clamp" in result.stderr


def test_an_id_goes_to_the_service(run, cells):
    result = run("sweeps", "--demo", "485909730", "--csv")
    assert result.stdout.count("Noise 1") == 2
    assert "Data: a test (synthetic)." in result.stderr


def test_a_file_named_like_an_id_is_a_file(run, nwb1, tmp_path, monkeypatch):
    nwb1(tmp_path / "485909730")
    monkeypatch.chdir(tmp_path)
    assert len(run("sweeps", "485909730").stdout.splitlines()) == 4
