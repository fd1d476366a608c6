"""What is printed on stdout: a table to read, CSV, or JSON."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import click

from allentk.plain import plain

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Output", "output_options", "plain", "text_table"]


@dataclass(frozen=True, slots=True)
class Output:
    """How a verb prints its result.

    Parameters
    ----------
    form : {"text", "csv", "json"}
        A table to read, CSV with a header, or one JSON document.
    """

    form: Literal["text", "csv", "json"] = "text"

    def table(self, frame: pd.DataFrame, *, to_read: pd.DataFrame | str | None = None) -> None:
        """Print a table; as text print `to_read` where it is given."""
        if self.form == "json":
            self.document(frame.to_dict("records"))
        elif self.form == "csv":
            click.echo(frame.to_csv(index=False, lineterminator="\n"), nl=False)
        else:
            shown = frame if to_read is None else to_read
            text = shown if isinstance(shown, str) else text_table(shown)
            if text:
                click.echo(text)

    def document(self, values: Any) -> None:
        """Print one JSON document."""
        click.echo(json.dumps(plain(values), indent=2, ensure_ascii=False, allow_nan=False))


def output_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a verb --json and --csv; it receives them as ``output``."""

    @click.option("--json", "as_json", is_flag=True, help="Print JSON.")
    @click.option("--csv", "as_csv", is_flag=True, help="Print CSV with a header.")
    @functools.wraps(command)
    def collected(*args: Any, as_json: bool, as_csv: bool, **kwargs: Any) -> Any:
        if as_json and as_csv:
            raise click.UsageError("give --json or --csv, not both")
        form: Literal["text", "csv", "json"] = "json" if as_json else "csv" if as_csv else "text"
        return command(*args, output=Output(form), **kwargs)

    return collected


def text_table(frame: pd.DataFrame) -> str:
    """Return a table to read: numbers to the right, a dash where there is none."""
    columns = []
    for position, name in enumerate(frame.columns):
        values = list(frame.iloc[:, position])
        right = all(isinstance(value, int | float) or _missing(value) for value in values)
        lines = [str(name), *map(_text, values)]
        width = max(map(len, lines))
        columns.append([line.rjust(width) if right else line.ljust(width) for line in lines])
    rows = ["  ".join(row).rstrip() for row in zip(*columns, strict=True)]
    return "\n".join(rows)


def _missing(value: Any) -> bool:
    return value is None or str(value) in ("nan", "<NA>", "NaT")


def _text(value: Any) -> str:
    if _missing(value) or value == "":
        return "-"
    if isinstance(value, bool) or type(value).__name__ == "bool":
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() and abs(value) < 1e15 else f"{value:.5g}"
    return str(value)
