"""Formulas as MathML, which browsers draw by themselves: no script, no font, no network."""

from __future__ import annotations

import html
from typing import Any

from docutils import nodes
from docutils.utils.math import latex2mathml
from sphinx.application import Sphinx


def _drawn(text: str, *, as_block: bool) -> str:
    tree: Any = latex2mathml.tex2mathml(text, as_block=as_block)
    return tree if isinstance(tree, str) else tree.toxml()


def _inline(writer: Any, node: nodes.math) -> None:
    writer.body.append(_drawn(node.astext(), as_block=False))
    raise nodes.SkipNode


def _block(writer: Any, node: nodes.math_block) -> None:
    writer.body.append(f'<div class="math" title="{html.escape(node.astext())}">')
    writer.body.append(_drawn(node.astext(), as_block=True))
    writer.body.append("</div>")
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, Any]:
    """Offer the renderer to Sphinx as ``html_math_renderer = "mathml"``."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
