"""Sections to one self-contained page, written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from allentk._version import __version__
from allentk.atomic import write_text
from allentk.benchmark import BenchmarkResult
from allentk.errors import DataError
from allentk.report.blocks import Section
from allentk.report.cells import cells_section, features_section
from allentk.report.fits import fits_section
from allentk.report.network import network_section
from allentk.report.observatory import observatory_section
from allentk.report.pages import CellPage, NetworkPage, ObservatoryPage
from allentk.report.provenance import provenance_section, synthetic_parts
from allentk.report.result_tables import result_tables
from allentk.report.scores import scores_section
from allentk.report.summary import summary_section

__all__ = ["page_file", "render", "write_report"]


def write_report(
    result: BenchmarkResult | None,
    path: str | os.PathLike[str],
    *,
    cells: Sequence[CellPage] = (),
    network: NetworkPage | None = None,
    observatory: ObservatoryPage | None = None,
    provenance: Mapping[str, Any] | None = None,
    title: str | None = None,
) -> Path:
    """Write one self-contained HTML page; what is not given is left out.

    The page asks for nothing outside itself and runs no script.

    Parameters
    ----------
    result : BenchmarkResult or None
        How the model compares with the Observatory.
    path : path
        The file to write, replaced if it is there; folders are made.
    cells : sequence of CellPage
        Recorded cells with their features and fits.
    network : NetworkPage, optional
        A simulated network.
    observatory : ObservatoryPage, optional
        A session of the Brain Observatory.
    provenance : mapping, optional
        Sources, licences, seeds and settings, shown as they are. ``"synthetic"`` (True, a text or a list
        of texts) says what is made up, ``"made"`` replaces the time of writing.
    title : str, optional
        Title of the page.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    DataError
        Where there is nothing to report, or `path` is a folder.

    Examples
    --------
    >>> write_report(result, "report.html")  # doctest: +SKIP
    PosixPath('report.html')
    """
    if result is None and not cells and network is None and observatory is None:
        raise DataError(
            "write_report: nothing to report; give a BenchmarkResult, cells=, network= or "
            "observatory="
        )
    file = page_file(path, "write_report")
    network = network or _network_of(result)
    synthetic = synthetic_parts(cells, observatory, provenance, result)
    sections = _sections(result, cells, network, observatory)
    last = provenance_section(result, cells, network, observatory, provenance, synthetic)
    text = render(
        title or _title(result, cells),
        [*sections, last],
        synthetic,
    )
    return write_text(file, text)


def page_file(path: str | os.PathLike[str], who: str) -> Path:
    """Return where a page is written, before anything is drawn for it.

    Raises
    ------
    DataError
        Where it is a folder.
    """
    file = Path(path)
    if file.is_dir():
        raise DataError(f"{who}: {path} is a folder; name the file, such as report.html")
    return file


def _network_of(result: BenchmarkResult | None) -> NetworkPage | None:
    """Return the network that was scored, where the result keeps its response."""
    response = None if result is None else result.response
    if result is None or response is None:
        return None
    classes = result.model_table.groupby("population", sort=False).size()
    summary = classes.rename("n_cells").reset_index()
    return NetworkPage({"classes of cells": summary}, response, result.model_table)


def _title(result: BenchmarkResult | None, cells: Sequence[CellPage]) -> str:
    if result is None:
        return "Cells and their models" if cells else "Responses to drifting gratings"
    start = "From cells to a network" if cells else "A model"
    return f"{start}, compared with the Observatory"


def _sections(
    result: BenchmarkResult | None,
    cells: Sequence[CellPage],
    network: NetworkPage | None,
    observatory: ObservatoryPage | None,
) -> list[Section]:
    sections = [summary_section(result, cells, network, observatory)]
    if cells:
        sections += [cells_section(cells), features_section(cells)]
    if any(page.fits for page in cells):
        sections.append(fits_section(cells))
    if network is not None:
        sections.append(network_section(network))
    if observatory is not None:
        sections.append(observatory_section(observatory))
    if result is not None:
        sections += [scores_section(result), result_tables(result)]
    return sections


def render(title: str, sections: Sequence[Section], synthetic: Sequence[str] = ()) -> str:
    """Return the page as HTML; every text is escaped."""
    environment = Environment(
        loader=PackageLoader("allentk.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    css = (files("allentk.report") / "templates" / "report.css").read_text(encoding="utf-8")
    return environment.get_template("report.html.j2").render(
        title=title,
        sections=sections,
        synthetic=synthetic,
        version=__version__,
        css=Markup(css),  # noqa: S704 (our own file)
    )
