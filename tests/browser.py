"""Headless Chromium, for tests that look at pages."""

import json
import re
import shutil
import subprocess

import pytest

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)

#: A file of tests that need it says ``pytestmark = needs_chromium``.
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="Chromium is not installed (apt-get install chromium)"
)

QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--enable-logging=stderr",
    "--v=0",
)


def opened(page, folder, *options):
    """Open a page; return stdout, what the console said, and what the page asked a network for."""
    log = folder / "net.json"
    done = subprocess.run(
        [
            CHROMIUM,
            *QUIET,
            f"--user-data-dir={folder / 'profile'}",
            f"--log-net-log={log}",
            *options,
            page.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=240,
        check=True,
    )
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return done.stdout, console, asked_by_pages(json.loads(log.read_text(encoding="utf-8")))


def asked_by_pages(log):
    """Return the addresses that pages asked for; the browser's own requests have no origin."""
    found = set()
    for event in log["events"]:
        told = event.get("params", {})
        url = str(told.get("url", ""))
        if told.get("initiator", "not an origin") != "not an origin":
            found |= {url} if re.match(r"(https?|wss?|ftp):", url) else set()
    return found
