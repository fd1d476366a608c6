"""The site: ``make docs`` builds it from these pages, the docstrings and the commands' own help.

Nothing is fetched while it is built, and nothing by who reads it.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
# what an example downloads from the demo goes into a cache of its own, and a service is never asked
os.environ.setdefault("ALLENTK_CACHE_DIR", str(Path(tempfile.gettempdir()) / "allentk-docs-cache"))
os.environ["ALLENTK_OFFLINE"] = "1"

import allentk  # noqa: E402
from docs import make_background, make_cli, make_reference  # noqa: E402

project = "allentk"
author = "the allentk developers"
copyright = f"2026, {author}"  # noqa: A001
version = release = allentk.__version__

extensions = [
    "docs.extensions.mathml",
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "_templates", "extensions", "gallery/**"]
templates_path = ["_templates"]
html_theme = "furo"
html_title = f"allentk {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_math_renderer = "mathml"
html_copy_source = False
html_show_sourcelink = False
pygments_style = "friendly"
nitpicky = False

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3

autosummary_generate = True
autosummary_imported_members = True
autodoc_typehints = "none"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

sphinx_gallery_conf = {
    "examples_dirs": "gallery",
    "gallery_dirs": "examples",
    # cell_classes asks the published tables, which need a network; it is shown and not run
    "filename_pattern": rf"gallery{re.escape(os.sep)}(?!cell_classes)",
    "ignore_pattern": r"__init__\.py",
    "image_scrapers": ("docs.extensions.gallery_figures.scrape",),
    "capture_repr": ("_repr_html_", "__repr__"),
    "within_subsection_order": "FileNameSortKey",
    "download_all_examples": False,
    "show_memory": False,
    # the page of times asks for scripts from elsewhere
    "write_computation_times": False,
    "show_signature": False,
    "min_reported_time": 1_000_000,
    "abort_on_example_error": False,
    "only_warn_on_example_error": True,
    "reset_modules": (),
    "plot_gallery": "True",
}

make_background.write()
make_cli.write()
make_reference.write()
