"""Tables of others: known by their columns, put into classes, and scored against whole."""

import gzip

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from allentk.benchmark import Benchmark, Reference, open_reference, read_cells
from allentk.benchmark.classes import classes_of
from allentk.benchmark.foreign_tables import FOREIGN_TABLES
from allentk.benchmark.metrics import METRICS
from allentk.errors import DataError, FormatError

L4_HEAD = "Spont,Rmax,CV_ori,DSI,PrefTF,PrefSF,F1F0\n"


def units(n=60, seed=0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "ecephys_unit_id": np.arange(n),
            "DSI": rng.uniform(0, 1, n),
            "OSI": rng.uniform(0, 1, n),
            "preferred_angle": 0.0,
            "max_mean_rate(Hz)": rng.uniform(0, 20, n),
            "Ave_Rate(Hz)": rng.uniform(0, 10, n),
            "cell_type": ["L4 Exc"] * (n // 2) + ["L4 PV"] * (n - n // 2),
        }
    )


def two_photon():
    return pd.DataFrame(
        {
            "cell_specimen_id": [1, 2, 3, 4],
            "tld1_name": ["Cux2-CreERT2", "Cux2-CreERT2", "Rbp4-Cre_KL100", None],
            "imaging_depth": [175.0, 275.0, np.nan, 375.0],
            "area": ["VISp", "VISl", "VISp", "VISp"],
            "p_dg": [0.01, 0.2, np.nan, 0.04],
            "g_osi_dg": [0.5, 0.6, 0.7, 0.8],
            "pref_dir_dg": [0.0, 45.0, 90.0, np.nan],
            "g_osi_sg": [0.1, 0.2, 0.3, 0.4],
            "peak_dff_dg": [3.0, 4.0, 5.0, 6.0],
        }
    )


def test_every_column_is_of_a_known_metric():
    for kind in FOREIGN_TABLES:
        for columns in kind.columns.values():
            assert {column.name for column in columns.values()} <= set(METRICS)
            names = [column.name for column in columns.values()]
            assert len(names) == len(set(names))


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz"])
def test_a_file_with_spaces_scores_against_the_cells_themselves(tmp_path, suffix):
    path = tmp_path / f"units{suffix}"
    units().to_csv(path, sep=" ", index=False)
    model = units(seed=1).drop(columns="cell_type").assign(pop_name="e4Nr5a1")
    benchmark = Benchmark(reference=path)
    assert benchmark.reference.name == path.name
    assert benchmark.reference.conditions["temporal_frequency_hz"] == 2.0
    table = benchmark.score(model).table.set_index(["metric", "population"])
    row = table.loc[("osi_vector", "L4 Exc")]
    of = units()[:30]
    data = of[of["max_mean_rate(Hz)"] >= 0.5]["OSI"]
    ours = model[model["max_mean_rate(Hz)"] >= 0.5]["OSI"]
    assert row["ks"] == pytest.approx(stats.ks_2samp(ours, data).statistic)
    assert row["quantile_error"] == 0
    assert "fewer than 15" in table.loc[("osi_vector", "L4 PV"), "reason"]


def test_cell_metrics_of_the_observatory():
    cells = read_cells(two_photon())
    assert cells.table["population"].tolist() == ["Cux2-CreERT2", "Cux2-CreERT2", "Rbp4-Cre_KL100"]
    assert cells.table["responsive"].tolist()[:2] == [1.0, 0.0]
    assert np.isnan(cells.table["responsive"].iloc[2])
    assert cells.table["g_osi"].tolist() == [0.5, 0.6, 0.7]
    assert cells.table.attrs["definition"] == "warehouse"
    assert "left out 1 cells without a class" in cells.notes[0]
    assert "skipped the columns g_osi_sg, peak_dff_dg" in cells.notes[1]
    layers = read_cells(two_photon(), by="cre+layer").table["population"].tolist()
    assert layers == ["Cux2-CreERT2 L2/3", "Cux2-CreERT2 L4"]
    areas = read_cells(two_photon(), by="area", stimulus="static_gratings").table
    assert areas["population"].tolist() == ["VISp", "VISl", "VISp", "VISp"]
    assert areas["g_osi"].tolist() == [0.1, 0.2, 0.3, 0.4]


def test_units_by_area():
    table = pd.DataFrame(
        {
            "unit_id": [1, 2],
            "ecephys_structure_acronym": ["VISp", "LGd"],
            "firing_rate_dg": [1.0, 2.0],
            "g_osi_dg": [0.1, 0.2],
            "time_to_peak_fl": [0.05, 0.06],
        }
    )
    gratings = read_cells(table).table
    assert gratings.columns.tolist() == ["population", "firing_rate_hz", "g_osi"]
    assert gratings["population"].tolist() == ["VISp", "LGd"]
    flashes = read_cells(table, stimulus="flashes").table
    assert flashes["time_to_peak_s"].tolist() == [0.05, 0.06]
    with pytest.raises(DataError, match=r"no metric of 'gabors'.*drifting_gratings.*flashes"):
        read_cells(table, stimulus="gabors")


def test_recordings_of_layer_four_count_every_cell_once(tmp_path):
    rows = [f"{k}.5,{k + 3}.25,0.{k},0.4,2,0.04,1.1" for k in range(1, 7)]
    again = "1.5,4.25,,0.4,2,0.04,1.1"
    (tmp_path / "AWL4Exc.csv").write_text(L4_HEAD + "\n".join([*rows, again]))
    (tmp_path / "ANL4Exc.csv").write_text(L4_HEAD + "\n".join(rows * 1))
    cells = read_cells(tmp_path)
    assert cells.table["population"].value_counts().to_dict() == {
        "L4 Exc, anaesthetised": 6,
        "L4 Exc, awake": 6,
    }
    assert "AWL4Exc.csv: 7 rows but 6 distinct cells; rows 7 repeat" in cells.notes[0]
    assert cells.table["osi_vector"].notna().all()
    awake = read_cells(tmp_path, by="awake").table
    assert awake["population"].tolist() == ["L4 Exc"] * 6
    reference = open_reference(tmp_path, by="awake")
    assert reference.metrics[-1] == "f1_f0"
    assert "dsi_pair" in reference.metrics
    assert "dsi_vector" not in reference.metrics
    assert reference.min_peak_rate_hz == 0
    assert any("7 rows but 6 distinct" in note for note in reference.notes)
    (tmp_path / "AWInh.csv").write_text("Rmax,DSI\n1,2\n")
    with pytest.raises(FormatError, match=r"AWInh\.csv.*without.*CV_ori"):
        read_cells(tmp_path)


def timing(folder, first="1,0.05\n2,0.12\n3,\n4,0.06\n9,0.07\n"):
    """Write the two files of first spikes and time scales."""
    (folder / "timescale_metrics.csv").write_text(
        "ecephys_unit_id,area,session,timescale_ac,err_ac,spike_count_ac,timescale_it\n"
        "1,VISp,7,40.0,5.0,100.0,9\n"
        "2,VISp,7,40.0,25.0,100.0,9\n"
        "3,LGd,7,999.9,5.0,100.0,9\n"
        "4,LGd,7,30.0,5.0,50.0,9\n"
    )
    (folder / "time_to_first_spike.csv").write_text(
        "ecephys_unit_id,time_to_first_spike_fl\n" + first
    )
    return folder


def test_first_spikes_and_time_scales_of_a_folder(tmp_path):
    cells = read_cells(timing(tmp_path))
    assert cells.stimulus == "flashes"  # the only one there is
    table = cells.table
    assert table["population"].tolist() == ["VISp", "VISp", "LGd", "LGd"]
    # below 100 ms; 1 to 300 ms with an error below 20 ms, and more than 50 spikes
    np.testing.assert_array_equal(table["first_spike_s"], [0.05, np.nan, np.nan, 0.06])
    np.testing.assert_array_equal(table["tau_ms"], [40.0, np.nan, np.nan, np.nan])
    assert cells.notes == ("left out 1 cells without a class by 'area'",)
    reference = Benchmark(reference=tmp_path).reference
    assert (reference.stimulus, reference.metrics) == ("flashes", ("first_spike_s", "tau_ms"))
    assert "30-200 ms" in reference.windows["first_spike_s"]
    assert reference.distribution("first_spike_s", "LGd").n == 1


def test_first_spikes_alone_say_that_areas_are_missing(tmp_path):
    file = timing(tmp_path) / "time_to_first_spike.csv"
    with pytest.raises(DataError, match=r"give the folder in which timescale_metrics\.csv is too"):
        read_cells(file)
    assert read_cells(tmp_path / "timescale_metrics.csv").table.columns.tolist() == [
        *("population", "tau_ms")
    ]
    short = pd.read_csv(tmp_path / "timescale_metrics.csv").drop(columns="err_ac")
    with pytest.raises(DataError, match="'err_ac' is missing"):
        read_cells(short)
    timing(tmp_path, first="1,0.05\n1,0.06\n")
    with pytest.raises(FormatError, match="two of unit 1"):
        read_cells(tmp_path)


def test_a_folder_is_known_by_its_name_alone(tmp_path, monkeypatch):
    (tmp_path / "figures").mkdir()
    timing(tmp_path / "figures")
    monkeypatch.chdir(tmp_path)
    assert Benchmark(reference="figures").reference.stimulus == "flashes"


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("e23Cux2", "L2/3 Exc"),
        ("e5noRbp4", "L5 Exc"),
        ("i23Htr3a", "L2/3 VIP"),
        ("i6Pvalb", "L6 PV"),
        ("i4Sst", "L4 SST"),
        ("i1Htr3a", "L1 Htr3a"),
    ],
)
def test_populations_of_the_published_column(name, wanted):
    assert classes_of(pd.DataFrame({"pop_name": [name]}), "cell_type").tolist() == [wanted]


def test_names_that_are_no_population_have_no_class():
    names = pd.DataFrame({"pop_name": ["e7Cux2", "granule", "i4Chat", ""]})
    assert classes_of(names, "cell_type").isna().all()


def test_what_cannot_be_read_says_so(tmp_path):
    with pytest.raises(DataError, match="needs the column 'population'"):
        read_cells(pd.DataFrame({"a": [1]}))
    with pytest.raises(DataError, match=r"by='cre'.*none of the columns"):
        read_cells(units(), by="cre")
    with pytest.raises(FormatError, match="cannot be opened"):
        Benchmark(reference=tmp_path / "none.csv")
    (tmp_path / "cut.csv.gz").write_bytes(gzip.compress(b"a,b\n1,2\n" * 999)[:40])
    with pytest.raises(FormatError, match="cut"):
        read_cells(tmp_path / "cut.csv.gz")
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(FormatError, match="one row per cell"):
        read_cells(tmp_path / "empty.csv")
    (tmp_path / "reference.json").write_text("{")
    with pytest.raises(FormatError, match="in JSON"):
        Benchmark(reference=str(tmp_path / "reference.json"))


def test_a_table_of_ones_own_may_be_put_into_classes_by_any_column():
    table = pd.DataFrame({"line": ["a"] * 20 + ["b"] * 20, "osi_vector": np.linspace(0, 1, 40)})
    reference = open_reference(table, by="line")
    assert reference.classes == ("a", "b")
    assert isinstance(reference, Reference)
    assert open_reference(reference) is reference


def test_the_population_of_a_model_counts_whatever_the_references_classes_are_made_of():
    model = pd.DataFrame({"population": ["VISp"] * 20, "g_osi": np.linspace(0, 1, 20)})
    data = pd.concat([two_photon()] * 10, ignore_index=True).assign(cell_specimen_id=range(40))
    row = (
        Benchmark(reference=data, by="area").score(model).table.set_index(["metric", "population"])
    )
    assert row.loc[("g_osi", "VISp"), "scored"]
    assert row.loc[("g_osi", "VISp"), "n_data"] == 30
