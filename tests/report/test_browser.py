"""The pages in headless Chromium: drawn, without errors, without asking anything of any server."""

import re
import struct

import pytest

from allentk.report import write_report
from tests.browser import needs_chromium, opened

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def written(result, cell, network, observatory, tmp_path_factory):
    path = tmp_path_factory.mktemp("browser") / "report.html"
    return write_report(result, path, cells=[cell], network=network, observatory=observatory)


def test_the_page_opens_alone(written, tmp_path):
    dom, console, asked = opened(written, tmp_path, "--dump-dom")
    assert console == []
    assert asked == set()
    assert "Which populations are like the data" in dom
    assert dom.count("<img") == written.read_text(encoding="utf-8").count("<img")


def test_an_error_and_a_request_would_be_seen(tmp_path):
    page = tmp_path / "bad.html"
    page.write_text(
        '<script>console.error("broken")</script><img src="http://127.0.0.1:59999/x.png">'
    )
    _, console, asked = opened(page, tmp_path, "--dump-dom")
    assert any("broken" in line for line in console)
    assert asked == {"http://127.0.0.1:59999/x.png"}


@pytest.mark.parametrize("width", [1280, 500])
def test_the_page_is_drawn(written, tmp_path, width):
    shot = tmp_path / "page.png"
    _, console, _ = opened(written, tmp_path, f"--screenshot={shot}", f"--window-size={width},1600")
    assert console == []
    data = shot.read_bytes()
    assert struct.unpack(">II", data[16:24]) == (width, 1600)
    assert len(data) > 40_000


def test_the_page_prints(written, tmp_path):
    sheet = tmp_path / "page.pdf"
    opened(written, tmp_path, f"--print-to-pdf={sheet}")
    data = sheet.read_bytes()
    assert data.startswith(b"%PDF")
    assert len(re.findall(rb"/Type\s*/Page\b", data)) >= 3
