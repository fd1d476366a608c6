"""What to cite for a result: the data, the papers and the programs that it rests on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from allentk._version import __version__
from allentk.data._html import card, table
from allentk.workflow.cited import found_in
from allentk.works import KINDS, Work

__all__ = ["Citations", "cite"]

_TITLES = {"data": "Data", "paper": "Papers", "program": "Programs"}

#: Allen's data, models and tables are under these.
_TERMS = "data of the Allen Institute are subject to https://alleninstitute.org/terms-of-use"


@dataclass(frozen=True, slots=True, repr=False)
class Citations:
    """Works to cite, each with what it is cited for; its repr is the text.

    Parameters
    ----------
    works : tuple of (Work, str)
        Each once, and for what.
    notes : tuple of str
        What is to be said beside: that data are made up, or that nothing says where they come from.
    """

    works: tuple[tuple[Work, str], ...]
    notes: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Work]:
        return (work for work, _ in self.works)

    def __len__(self) -> int:
        return len(self.works)

    def bibtex(self) -> str:
        """Return the works as BibTeX entries, the notes as comments."""
        notes = [f"% {note}" for note in self.notes]
        return "\n".join([*notes, *(work.bibtex() for work, _ in self.works)]) + "\n"

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row per work: key, kind, cite, used_for, doi, url."""
        rows = [
            {
                "key": work.key,
                "kind": work.kind,
                "cite": str(work),
                "used_for": used_for,
                "doi": work.doi,
                "url": work.link,
            }
            for work, used_for in self.works
        ]
        return pd.DataFrame(rows, columns=["key", "kind", "cite", "used_for", "doi", "url"])

    def __repr__(self) -> str:
        lines = []
        for kind in KINDS:
            of = [f"  {work} [{why}]" for work, why in self.works if work.kind == kind]
            lines += [_TITLES[kind], *of] if of else []
        return "\n".join(
            [*lines, *(["Notes"] if self.notes else []), *(f"  {n}" for n in self.notes)]
        )

    def _repr_html_(self) -> str:
        rows = self.to_dataframe()[["cite", "used_for"]]
        notes = pd.DataFrame({"notes": list(self.notes)})
        synthetic = any("SYNTHETIC" in note for note in self.notes)
        return card(_Title(), table(rows, most=40), table(notes), synthetic=synthetic)


class _Title:
    def __repr__(self) -> str:
        return "what to cite"


def cite(*results: Any) -> Citations:
    """Return what to cite for results: data, papers and programs, and allentk itself.

    Parameters
    ----------
    *results
        What was used: sweeps, sessions, services, morphologies, models, fits, networks, responses,
        references, benchmarks, or lists and mappings of them. A fit does not keep its recording, nor a
        network its cells' recordings: name these, too.

    Returns
    -------
    Citations
        Its repr is the text, ``bibtex()`` the entries, ``to_dataframe()`` the table.

    Raises
    ------
    DataError
        On a value of another type.

    Notes
    -----
    What is listed follows from what a value says of itself. Where it says nothing of its origin, as most
    files of laboratories do, a note asks for it. Made-up data are called so, and nothing is cited for them.

    Examples
    --------
    >>> import allentk as atk
    >>> model = atk.GLIFParameters(level=1, C_pf=60, R_mohm=170, E_L_mv=-70, th_inf_mv=25, t_ref_s=0.003)
    >>> [work.key for work in cite(model)]
    ['teeter2018', 'allentk']
    """
    works: dict[str, tuple[Work, list[str]]] = {}
    notes: dict[str, None] = {}
    for found in found_in(results):
        if isinstance(found, str):
            notes[found] = None
            continue
        work, used_for = found
        reasons = works.setdefault(work.key, (work, []))[1]
        if used_for not in reasons:
            reasons.append(used_for)
    if any(work.kind == "data" and "Allen" in work.authors for work, _ in works.values()):
        notes[_TERMS] = None
    own = Work(
        key="allentk",
        kind="program",
        authors="{The allentk authors}",
        title=f"allentk {__version__}",
    )
    works["allentk"] = own, ["everything here"]
    order = sorted(works.values(), key=lambda pair: KINDS.index(pair[0].kind))
    return Citations(tuple((work, "; ".join(why)) for work, why in order), tuple(notes))
