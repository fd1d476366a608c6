"""Every example of the gallery runs, offline, draws, and says where its cells are made up."""

import runpy
from pathlib import Path

import pytest
from matplotlib.figure import Figure

GALLERY = Path(__file__).resolve().parents[1] / "docs" / "gallery"
EXAMPLES = sorted(path.name for path in GALLERY.glob("plot_*.py"))


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("gallery")


def words(figure):
    return " ".join(
        text.get_text() for text in figure.findobj(lambda one: hasattr(one, "get_text"))
    )


@pytest.mark.parametrize("name", EXAMPLES)
def test_example(name, cache, monkeypatch, tmp_path):
    monkeypatch.setenv("ALLENTK_CACHE_DIR", str(cache))
    monkeypatch.setenv("ALLENTK_OFFLINE", "1")
    monkeypatch.chdir(tmp_path)
    text = (GALLERY / name).read_text(encoding="utf-8")
    left = runpy.run_path(str(GALLERY / name))
    figures = [value for value in left.values() if isinstance(value, Figure)]
    assert figures
    # what is made up says so in its text and in every figure
    if "atk.demo()" in text or "SYNTHETIC" in text:
        assert "SYNTHETIC" in text
        assert all("SYNTHETIC" in words(figure).upper() for figure in figures)


def test_the_gallery_has_its_subjects():
    told = {name.removeprefix("plot_").removesuffix(".py") for name in EXAMPLES}
    wanted = (
        "cell_features fit_glif fit_perisomatic eight_cells v1_column session_tuning own_recording"
    )
    assert told >= set(wanted.split())
