"""Whether the services answer."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from urllib import error, request
from urllib.parse import urlsplit

from allentk.cli.finding import Finding

__all__ = ["services"]

#: A small question to each host that data come from.
_QUESTIONS = {
    "service": "https://api.brain-map.org/api/v2/data/query.json?q=model::Species%5Bname$eq%27Mus%27%5D",
    "service Neuropixels": "https://allen-brain-observatory.s3.us-west-2.amazonaws.com/?max-keys=1",
    "service DANDI": "https://api.dandiarchive.org/api/info/",
}
_TIMEOUT_S = 4.0


def services(offline: bool) -> list[Finding]:
    """Ask every service something small, all at once; nothing where `offline`."""
    if offline:
        return [Finding("service", "note", "not tried: offline")]
    with ThreadPoolExecutor(len(_QUESTIONS)) as pool:
        return list(pool.map(_asked, _QUESTIONS, _QUESTIONS.values()))


def _asked(name: str, address: str) -> Finding:
    host = urlsplit(address).netloc
    try:
        with request.urlopen(address, timeout=_TIMEOUT_S):  # noqa: S310 - our own addresses, https
            return Finding(name, "ok", f"{host} answers")
    except error.HTTPError as answer:
        advice = "the service is up but not well; try again later"
        return Finding(name, "note", f"{host} answers {answer.code}", advice)
    except (OSError, HTTPException) as problem:
        reason = getattr(problem, "reason", problem)
        advice = (
            "check the connection or HTTPS_PROXY; allentk demo and files of yours need no network"
        )
        return Finding(name, "note", f"{host} cannot be reached ({reason})", advice)
