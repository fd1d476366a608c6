"""The references that come with allentk."""

from __future__ import annotations

import json
from importlib.resources import files

from allentk.benchmark.reference import Reference
from allentk.errors import DataError

__all__ = ["is_name", "load_reference", "reference_names"]

#: References that are made of the user's own copy: the licence of their tables, which forbids to sell what
#: they are part of, is not that of allentk. Where they are found, and how they are given.
_NOT_CARRIED = {
    "two-photon": (
        "the tables by Cre line and depth (swdb_dg_table.csv, swdb_sg_table.csv of "
        "AllenInstitute/swdb_2019_student) are under the Allen Institute Software License",
        "by='cre' or 'cre+layer'; a downloaded table of ApiCamCellMetric does as well",
    ),
    "layer4-recordings": (
        "the recordings of Arkhipov et al. 2018 (SI_5 of AllenInstitute/arkhipov2018_layer4) come without "
        "a licence that lets allentk carry them",
        "the folder with AWL4Exc.csv; by='awake' or 'anaesthetised'",
    ),
    "areas-timing": (
        "the figure data of Siegle et al. 2021 (data/time_to_first_spike.csv and "
        "data/timescale_metrics.csv of AllenInstitute/neuropixels_platform_paper) are under the licence "
        "and Terms of Use of the Allen Institute",
        "the folder with both files; classes are areas",
    ),
}


def reference_names() -> tuple[str, ...]:
    """Return the names of the references that come with allentk."""
    folder = files("allentk.benchmark") / "references"
    found = (entry.name for entry in folder.iterdir())
    return tuple(
        sorted(n.removesuffix(".json").replace("_", "-") for n in found if n.endswith(".json"))
    )


def is_name(text: str) -> bool:
    """Return whether `text` names a reference, carried or not."""
    return text in _NOT_CARRIED or text in reference_names()


def load_reference(name: str = "v1-neuropixels") -> Reference:
    """Return a reference that comes with allentk.

    Parameters
    ----------
    name : str
        ``"v1-neuropixels"``: drifting gratings of 2 Hz and contrast 0.8 in mouse V1, Visual Coding
        Neuropixels, by class of cells. ``"v1-spontaneous"``: rates of these units in the first long
        block of grey. ``"areas-neuropixels"``: gratings of 2 Hz in 8 directions, by visual area;
        ``"areas-neuropixels-fc"``: in 4 directions with 75 repeats. Of areas no more than five quantiles
        are known.

    Raises
    ------
    DataError
        For an unknown name, and for ``"two-photon"``, ``"layer4-recordings"`` and ``"areas-timing"``,
        whose licences do not let allentk carry them: it says where they are found and how they are given.

    Examples
    --------
    >>> load_reference("v1-neuropixels").stimulus
    'drifting_gratings'
    """
    if isinstance(name, str) and name in _NOT_CARRIED:
        why, how = _NOT_CARRIED[name]
        raise DataError(
            f"load_reference: {name!r} does not come with allentk: {why}. Download it yourself and give "
            f"its path: Benchmark(reference=PATH), {how}"
        )
    known = reference_names()
    if name not in known:
        raise DataError(f"load_reference: no reference {name!r}; there are {known}")
    path = files("allentk.benchmark") / "references" / f"{name.replace('-', '_')}.json"
    return Reference.from_dict(json.loads(path.read_text(encoding="utf-8")))
