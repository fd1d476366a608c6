"""Names and help lines of the verbs; a verb's module is imported when it is called."""

from __future__ import annotations

import click

from allentk._version import __version__
from allentk.cli.group import LazyGroup

__all__ = ["VERBS", "cli", "main"]

#: Verb: where its command is, and its help line.
VERBS = {
    "demo": ("allentk.cli.demo:demo", "Run the whole loop offline, from cell to report."),
    "cells": ("allentk.cli.cells:cells", "List the cells of the Cell Types Database."),
    "fetch": ("allentk.cli.fetch:fetch", "Download the files of one or more cells."),
    "sweeps": ("allentk.cli.sweeps:sweeps", "List the sweeps of a recording."),
    "features": ("allentk.cli.features:features", "Measure the features of a recorded cell."),
    "fit": (
        "allentk.cli.fit:fit",
        "Fit a neuron model to a recording: fit glif, fit biophysical.",
    ),
    "network": (
        "allentk.cli.network:network",
        "Build, check and simulate networks: network build, info, validate, run.",
    ),
    "benchmark": (
        "allentk.cli.benchmark:benchmark",
        "Score a network against recorded cells: benchmark run, references.",
    ),
    "observatory": (
        "allentk.cli.observatory:observatory",
        "Sessions and their metrics: observatory sessions, cells, metrics, plot.",
    ),
    "cache": (
        "allentk.cli.cache:cache",
        "Look after the downloads: cache ls, verify, prune, import.",
    ),
    "doctor": ("allentk.cli.doctor:doctor", "Check this installation and say what to mend."),
}


@click.group(cls=LazyGroup, verbs=VERBS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="allentk")
def cli() -> None:
    """From a cell's ID to a fitted model, a network, and a report against the Observatory.

    Start with "allentk demo": it needs no network. "allentk VERB --help" shows examples.
    """


def main() -> None:
    """Run the command line; the entry point of the ``allentk`` program."""
    cli(prog_name="allentk")
