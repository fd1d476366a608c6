"""What to cite: what a value says of itself, once each, and nothing for made-up data."""

import re

import numpy as np
import pandas as pd
import pytest

import allentk as atk
from allentk import __version__
from allentk.benchmark import Benchmark, Reference, load_reference
from allentk.data import Morphology, NetworkResponse, SpikeTrains, Sweep, SweepSet
from allentk.errors import DataError
from allentk.fitting import BiophysicalFitter, FitResult, GLIFFitter, Reason
from allentk.io.observatory_session import OphysSession
from allentk.network import Network, Population
from allentk.works import WORKS, mentioned

CELL = atk.GLIFParameters(
    level=1,
    C_pf=60,
    R_mohm=170,
    E_L_mv=-70,
    th_inf_mv=25,
    t_ref_s=0.003,
    source="fitted by allentk",
)
SWEEP = Sweep([-70.0] * 9, [0.0] * 9, 1e3)


def keys(*results):
    return [work.key for work in atk.cite(*results)]


def recording(**metadata):
    return SweepSet([SWEEP], source="somewhere/ephys.nwb", metadata=metadata)


def fit(reason):
    return FitResult(
        model=CELL,
        score=0.8,
        reason=reason,
        history=pd.DataFrame(),
        seed=0,
        evaluations=9,
        sweeps=(),
    )


def test_without_anything_it_is_allentk_in_its_version():
    assert keys() == ["allentk"]
    assert f"allentk {__version__}" in repr(atk.cite())


def test_a_recording_of_the_database_is_that_databases():
    cited = atk.cite(recording(specimen_id=464212183, format="NWB 1.0.5"))
    assert [work.key for work in cited] == ["cell_types", "allentk"]
    assert "the recording of specimen 464212183" in repr(cited)
    assert "terms-of-use" in repr(cited)


def test_patch_seq_is_of_its_dandiset():
    assert keys(recording(dandiset="000023/draft")) == ["patch_seq_human", "allentk"]


def test_a_recording_of_unknown_origin_is_asked_for():
    cited = atk.cite(recording(format="NWB 2.6.0", specimen_id="slice 3"))
    assert [work.key for work in cited] == ["allentk"]
    assert "ephys.nwb): nothing says where it comes from; cite its source" in repr(cited)


def test_made_up_data_are_called_so_and_not_cited():
    demo = atk.demo()
    sweeps = demo.cells.sweeps(900_000_001)
    model = demo.cells.glif(900_000_001, level=1)
    cited = atk.cite(demo.cells, sweeps, sweeps[0], demo.cells.morphology(900_000_001), model)
    assert [work.key for work in cited] == ["teeter2018", "allentk"]
    assert repr(cited).count("SYNTHETIC") >= 4
    assert "SYNTHETIC</span>" in cited._repr_html_()
    assert cited.bibtex().startswith("% SYNTHETIC")


def test_fits_bring_their_model_and_their_search():
    assert keys(GLIFFitter()) == ["teeter2018", "allentk"]
    assert keys(fit(Reason.DIRECT)) == ["teeter2018", "allentk"]
    assert keys(GLIFFitter.of(fit(Reason.BUDGET))) == ["teeter2018", "hansen2001", "allentk"]
    assert keys(BiophysicalFitter()) == ["hansen2001", "gouwens2018", "allentk"]
    assert keys(BiophysicalFitter(optimizer="de")) == ["gouwens2018", "allentk"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("layer 4 LL, instance 1, scale 0.02 by radius, seed 0", ["arkhipov2018"]),
        ("layer 4 patch, 1200 cells, seed 0", ["arkhipov2018", "billeh2020"]),
        ("V1 2026", ["billeh2020", "campagnola2022", "rossi2020", "v1_model"]),
        ("V1 billeh2020", ["billeh2020"]),
        ("a network of mine", []),
    ],
)
def test_recipes_are_known_by_their_names(name, expected):
    network = Network([Population("e", (CELL,), pd.DataFrame(index=range(2)))], name=name)
    assert sorted(set(keys(network)) - {"teeter2018", "allentk"}) == expected


def test_the_recipes_have_the_names_that_are_looked_for():
    assert {"arkhipov2018", "gouwens2018"} <= set(keys(atk.recipes.tutorial8()))
    patch = atk.recipes.patch([CELL], [CELL], n_cells=50)
    assert {"arkhipov2018", "billeh2020", "dai2020", "teeter2018"} <= set(keys(patch))


@pytest.mark.parametrize(
    ("engine", "expected"),
    [("NEURON 9.0.1", ["hines1997"]), ("NEST 3.8", ["gewaltig2007"]), ("allentk GLIF network", [])],
)
def test_a_response_names_its_engine(engine, expected):
    spikes = {"e": SpikeTrains([], [], 1)}
    found = NetworkResponse(spikes, 1.0, provenance={"engine": engine, "network": "network"})
    assert keys(found) == [*expected, "allentk"]
    assert (engine in repr(atk.cite(found))) == bool(expected)


def test_a_benchmark_brings_its_score_and_its_reference():
    found = set(keys(Benchmark(reference="v1-neuropixels")))
    assert {"billeh2020", "siegle2021", "neuropixels", "v1_model"} <= found
    cells = pd.DataFrame({"population": "L4 Exc", "peak_rate_hz": np.linspace(0, 20, 50)})
    result = Benchmark(reference="v1-neuropixels", bootstrap=0).score(cells)
    assert set(keys(result)) == found
    own = Reference.from_table(cells, source="my own cells", draws=2)
    assert "cite its source (my own cells)" in repr(atk.cite(own))


@pytest.mark.parametrize("name", ["areas-neuropixels", "areas-neuropixels-fc", "v1-spontaneous"])
def test_every_shipped_reference_names_the_recordings(name):
    assert {"neuropixels", "siegle2021"} <= set(keys(load_reference(name)))


def test_sessions_are_of_the_observatory():
    session = OphysSession("511510753.nwb", (1,), ("drifting_gratings",), {"synthetic": False})
    assert keys(session) == ["observatory", "devries2020", "allentk"]


def test_lists_and_mappings_are_gone_through_and_works_listed_once():
    cited = atk.cite([CELL, {"again": CELL}], (CELL,))
    assert [work.key for work in cited] == ["teeter2018", "allentk"]
    table = cited.to_dataframe()
    assert table["used_for"].tolist() == ["GLIF models", "everything here"]
    assert table["doi"].tolist() == ["10.1038/s41467-017-02717-4", ""]


def test_shape_and_unknown_things():
    shape = Morphology([1, 2], [1, 3], [[0, 0, 0], [0, 9, 0]], [5, 1], [-1, 0], source="own.swc")
    assert "own.swc): nothing says" in repr(atk.cite(shape))
    with pytest.raises(DataError, match="got a int"):
        atk.cite(7)


def test_every_work_can_be_found_and_is_an_entry_of_its_own():
    for key, work in WORKS.items():
        assert work.key == key
        assert work.link or (work.where and work.volume and work.pages), key
        assert re.fullmatch(r"10\.\d{4,5}/\S+", work.doi) or not work.doi, key
        entry = work.bibtex()
        assert entry.count("{") == entry.count("}")
        assert entry.startswith(f"@{'article' if work.kind == 'paper' else 'misc'}{{{key},")
        # Authors are found in the text by their name, with the journal where it follows.
        if work.kind == "paper":
            assert work in mentioned(f"{work.name}, {work.where} {work.volume}:{work.pages}")


def test_a_paper_of_the_same_people_and_year_is_another():
    assert mentioned("Siegle et al. 2021, eLife 10:e69068") == []
    assert [work.key for work in mentioned("Siegle et al. 2021, Nature 592:86")] == ["siegle2021"]
