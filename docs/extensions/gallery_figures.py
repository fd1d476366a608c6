"""Figures of the gallery: whatever Figure a block of an example leaves under a name."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure
from sphinx_gallery.scrapers import figure_rst


def scrape(block: tuple[Any, ...], block_vars: dict[str, Any], gallery_conf: dict[str, Any]) -> str:  # noqa: ARG001
    """Save the figures that are new in this block and return the text that shows them.

    The package draws without pyplot, so that the gallery's own way of finding figures finds none.
    """
    names = block_vars["example_globals"]
    shown = names.setdefault("__figures_shown__", set())
    made = []
    for value in list(names.values()):
        if isinstance(value, Figure) and id(value) not in shown:
            shown.add(id(value))
            path = next(block_vars["image_path_iterator"])
            value.savefig(path, dpi=110)
            made.append(path)
    return figure_rst(made, gallery_conf["src_dir"])
