"""Papers, data and programs that work with allentk rests on: the one table of what to cite.

A DOI stands here only where it is known; where there is none, journal, volume and page find the paper.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["WORKS", "Work", "mentioned"]

#: Kinds of works, in the order in which they are listed.
KINDS = ("data", "paper", "program")


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A paper, a body of data or a program.

    Parameters
    ----------
    key : str
        Short and unique, the key of the BibTeX entry.
    kind : {"data", "paper", "program"}
        What it is.
    authors : str
        In BibTeX's manner, ``"Last, First and Last, First"``; ``"and others"`` at the end for more.
    year : int, optional
        Of publication; of data None.
    title : str
        Its title, or the name of the data or program.
    where : str
        Of a paper the journal.
    volume, pages : str
        Of a paper: volume, and first page or number of the article.
    doi, url : str
        Where to find it; empty where not known.

    Examples
    --------
    >>> print(WORKS["teeter2018"])
    Teeter et al. 2018, Generalized leaky integrate-and-fire models classify multiple neuron types, \
Nature Communications 9:709, https://doi.org/10.1038/s41467-017-02717-4
    """

    key: str
    kind: str
    authors: str
    title: str
    year: int | None = None
    where: str = ""
    volume: str = ""
    pages: str = ""
    doi: str = ""
    url: str = ""

    @property
    def name(self) -> str:
        """Who and when, such as ``"Teeter et al. 2018"``."""
        people = self.authors.strip("{}").split(" and ")
        last = [person.split(",")[0] for person in people]
        more = people[-1] == "others" or len(people) > 2
        who = f"{last[0]} et al." if more else " and ".join(last)
        return f"{who} {self.year}" if self.year else who

    @property
    def link(self) -> str:
        """Address of the work, by its DOI where there is one; may be empty."""
        return f"https://doi.org/{self.doi}" if self.doi else self.url

    @property
    def reference(self) -> str:
        """Who, when, what and where, without the link."""
        place = f"{self.where} {self.volume}:{self.pages}" if self.where else ""
        return ", ".join(part for part in (self.name, self.title, place) if part)

    def __str__(self) -> str:
        return ", ".join(part for part in (self.reference, self.link) if part)

    def bibtex(self) -> str:
        """Return the entry for BibTeX."""
        entry = {
            "author": self.authors,
            "title": f"{{{self.title}}}",
            "journal": self.where,
            "volume": self.volume,
            "pages": self.pages,
            "year": str(self.year or ""),
            "doi": self.doi,
            "url": "" if self.doi else self.url,
        }
        lines = [f"  {name} = {{{text}}}," for name, text in entry.items() if text]
        kind = "article" if self.kind == "paper" else "misc"
        return "\n".join([f"@{kind}{{{self.key},", *lines, "}"])


def _paper(key: str, authors: str, year: int, title: str, place: str, doi: str = "") -> Work:
    where, _, rest = place.rpartition(" ")
    volume, _, pages = rest.partition(":")
    return Work(
        key=key,
        kind="paper",
        authors=authors,
        year=year,
        title=title,
        where=where,
        volume=volume,
        pages=pages,
        doi=doi,
    )


def _data(key: str, title: str, url: str, authors: str = "{Allen Institute}") -> Work:
    return Work(key=key, kind="data", authors=authors, title=title, url=url)


_PAPERS = (
    _paper(
        "teeter2018",
        "Teeter, Corinne and others",
        2018,
        "Generalized leaky integrate-and-fire models classify multiple neuron types",
        "Nature Communications 9:709",
        "10.1038/s41467-017-02717-4",
    ),
    _paper(
        "gouwens2018",
        "Gouwens, Nathan W. and others",
        2018,
        "Systematic generation of biophysically detailed models for diverse cortical neuron types",
        "Nature Communications 9:710",
        "10.1038/s41467-017-02718-3",
    ),
    _paper(
        "gouwens2019",
        "Gouwens, Nathan W. and others",
        2019,
        "Classification of electrophysiological and morphological neuron types in the mouse visual "
        "cortex",
        "Nature Neuroscience 22:1182",
        "10.1038/s41593-019-0417-0",
    ),
    _paper(
        "nandi2022",
        "Nandi, Anirban and others",
        2022,
        "Single-neuron models linking electrophysiology, morphology, and transcriptomics across "
        "cortical cell types",
        "Cell Reports 40:111176",
        "10.1016/j.celrep.2022.111176",
    ),
    _paper(
        "devries2020",
        "de Vries, Saskia E. J. and others",
        2020,
        "A large-scale standardized physiological survey reveals functional organization of the mouse "
        "visual cortex",
        "Nature Neuroscience 23:138",
        "10.1038/s41593-019-0550-9",
    ),
    _paper(
        "siegle2021",
        "Siegle, Joshua H. and others",
        2021,
        "Survey of spiking in the mouse visual system reveals functional hierarchy",
        "Nature 592:86",
        "10.1038/s41586-020-03171-x",
    ),
    _paper(
        "garrett2020",
        "Garrett, Marina and others",
        2020,
        "Experience shapes activity dynamics and stimulus coding of VIP inhibitory cells",
        "eLife 9:e50340",
    ),
    _paper(
        "arkhipov2018",
        "Arkhipov, Anton and others",
        2018,
        "Visual physiology of the layer 4 cortical circuit in silico",
        "PLoS Computational Biology 14:e1006535",
        "10.1371/journal.pcbi.1006535",
    ),
    _paper(
        "billeh2020",
        "Billeh, Yazan N. and others",
        2020,
        "Systematic integration of structural and functional data into multi-scale models of mouse "
        "primary visual cortex",
        "Neuron 106:388",
        "10.1016/j.neuron.2020.01.040",
    ),
    _paper(
        "dai2020",
        "Dai, Kael and others",
        2020,
        "Brain Modeling ToolKit: An open source software suite for multiscale modeling of brain circuits",
        "PLoS Computational Biology 16:e1008386",
        "10.1371/journal.pcbi.1008386",
    ),
    _paper(
        "campagnola2022",
        "Campagnola, Luke and Seeman, Stephanie C. and others",
        2022,
        "Local connectivity and synaptic dynamics in mouse and human neocortex",
        "Science 375:eabj5861",
    ),
    _paper(
        "rossi2020",
        "Rossi, L. Federico and others",
        2020,
        "Spatial connectivity matches direction selectivity in visual cortex",
        "Nature 588:648",
    ),
    _paper(
        "hansen2001",
        "Hansen, Nikolaus and Ostermeier, Andreas",
        2001,
        "Completely derandomized self-adaptation in evolution strategies",
        "Evolutionary Computation 9:159",
    ),
    _paper(
        "hines1997",
        "Hines, Michael L. and Carnevale, Nicholas T.",
        1997,
        "The NEURON simulation environment",
        "Neural Computation 9:1179",
    ),
    _paper(
        "gewaltig2007",
        "Gewaltig, Marc-Oliver and Diesmann, Markus",
        2007,
        "NEST (NEural Simulation Tool)",
        "Scholarpedia 2:1430",
    ),
)

_BODIES = (
    _data("cell_types", "Allen Cell Types Database", "https://celltypes.brain-map.org"),
    _data(
        "observatory",
        "Allen Brain Observatory, Visual Coding 2P",
        "https://observatory.brain-map.org/visualcoding",
    ),
    _data(
        "neuropixels",
        "Allen Brain Observatory, Visual Coding Neuropixels",
        "https://portal.brain-map.org/explore/circuits/visual-coding-neuropixels",
    ),
    _data(
        "visual_behavior",
        "Allen Brain Observatory, Visual Behavior",
        "https://portal.brain-map.org/circuits-behavior/visual-behavior-2p",
    ),
    _data(
        "patch_seq_mouse",
        "Patch-seq recordings from mouse visual cortex, DANDI 000020",
        "https://dandiarchive.org/dandiset/000020",
    ),
    _data(
        "patch_seq_human",
        "Patch-seq recordings from human cortical layers 2 and 3, DANDI 000023",
        "https://dandiarchive.org/dandiset/000023",
    ),
    _data(
        "v1_model",
        "biorealistic-v1-model (BSD-3-Clause)",
        "https://github.com/AllenInstitute/biorealistic-v1-model",
    ),
    _data(
        "v1_functional_property",
        "shixnya/v1_functional_property (MIT)",
        "https://github.com/shixnya/v1_functional_property",
        "shixnya",
    ),
)

#: Every work by its key.
WORKS: Mapping[str, Work] = MappingProxyType({work.key: work for work in (*_PAPERS, *_BODIES)})

#: Words by which the sources of tables name a work.
_WORDS = {
    "Allen Cell Types": "cell_types",
    "Visual Coding Neuropixels": "neuropixels",
    "biorealistic-v1-model": "v1_model",
    "shixnya/v1_functional_property": "v1_functional_property",
}


def mentioned(text: str) -> list[Work]:
    """Return the works that a text names, papers as ``"Siegle et al. 2021"``.

    Examples
    --------
    >>> [work.key for work in mentioned("rates of Siegle et al. 2021, Nature 592:86")]
    ['siegle2021']
    """
    named = [WORKS[key] for words, key in _WORDS.items() if words in text]
    return named + [work for work in _PAPERS if work.name in text and _of_journal(work, text)]


def _of_journal(work: Work, text: str) -> bool:
    """Whether a text that names authors and year may mean this paper; they wrote several in a year."""
    after = text.split(work.name, 1)[1]
    return not after.startswith(", ") or work.where.split()[0] in after[:60]
