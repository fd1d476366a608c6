"""What a page is made of, before it is HTML: plain text in small values.

Nothing here is markup. The template escapes every text, wherever it came from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

__all__ = [
    "Block",
    "Cell",
    "Download",
    "Downloads",
    "Fold",
    "Heading",
    "Image",
    "Links",
    "Picture",
    "Prose",
    "Section",
    "Table",
]


@dataclass(frozen=True, slots=True)
class Image:
    """An image as a data URI, with the size in CSS pixels at which it is meant to be read."""

    uri: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading inside a section; a synthetic thing says so."""

    kind: ClassVar[str] = "heading"

    text: str
    synthetic: bool = False


@dataclass(frozen=True, slots=True)
class Prose:
    """A paragraph; ``style`` may be ``"lead"``, ``"note"`` or empty."""

    kind: ClassVar[str] = "prose"

    text: str
    style: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure with the text that stands for it (`alt`) and the text below it."""

    kind: ClassVar[str] = "picture"

    image: Image
    alt: str
    caption: str


@dataclass(frozen=True, slots=True)
class Cell:
    """One entry of a table.

    ``mark`` is the style of the entry: ``good``, ``fair``, ``bad``, ``off``, ``aside`` or empty. It only
    colours what the text already says. An entry of several ``rows`` is left out of the rows below it.
    """

    text: str
    mark: str = ""
    rows: int = 1


@dataclass(frozen=True, slots=True)
class Table:
    """A table.

    ``columns`` are the header; all empty, there is none. The first ``n_text`` columns and the last
    ``n_tail`` hold text, those between them numbers.
    """

    kind: ClassVar[str] = "table"

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    n_text: int = 1
    n_tail: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class Links:
    """A list of (text, address) pairs; an empty address makes plain text."""

    kind: ClassVar[str] = "links"

    items: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Download:
    """A file inside the page: its name, what is in it, and the whole of it as a data URI."""

    name: str
    text: str
    uri: str
    size: str


@dataclass(frozen=True, slots=True)
class Downloads:
    """Files that the page carries; a click saves one."""

    kind: ClassVar[str] = "downloads"

    files: Sequence[Download]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Fold:
    """Blocks that open on a click."""

    kind: ClassVar[str] = "fold"

    title: str
    blocks: Sequence[Prose | Table | Links | Picture | Downloads]


Block = Heading | Prose | Picture | Table | Links | Downloads | Fold


@dataclass(frozen=True, slots=True)
class Section:
    """A numbered part of the page; ``id`` is the anchor."""

    id: str
    title: str
    blocks: Sequence[Block]
