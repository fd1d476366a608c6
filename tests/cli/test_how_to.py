"""Every command of the how-to pages of the benchmark and of the Observatory runs, in order."""

import re
import shlex
from pathlib import Path

import pytest

from tests.nwb2_files import write_ecephys

DOCS = Path(__file__).resolve().parents[2] / "docs"


def commands(page):
    """Return the lines of the shell blocks of a page."""
    blocks = re.findall(r"```sh\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line]


@pytest.mark.parametrize("page", ["benchmark.md", "observatory.md"])
def test_every_command_runs(run, page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_ecephys(tmp_path / "neuropixels.nwb")  # in the place of the reader's own
    lines = commands(page)
    assert len(lines) >= 4
    for line in lines:
        words = shlex.split(line)
        assert words[0] == "allentk"
        result = run(*words[1:])
        assert result.exit_code == 0, (line, result.stderr)
        for option in ("--report", "--out"):
            if option in words:
                assert (tmp_path / words[words.index(option) + 1]).exists(), line
