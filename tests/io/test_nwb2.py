"""NWB 2 patch-clamp files, written by hand and by pynwb."""

from datetime import UTC, datetime

import h5py
import numpy as np
import pytest

from allentk.errors import FormatError
from allentk.io import read_nwb

STEP = np.r_[np.zeros(1000), np.full(1000, 80.0), np.zeros(500)]
MILLIVOLTS = -70 + STEP / 10


def series(file, folder, name, kind, values, *, unit, conversion, sweep=None, electrode=None):
    group = file.create_group(f"{folder}/{name}")
    group.attrs["neurodata_type"] = kind
    group.attrs["stimulus_description"] = "C1LSCOARSE150216_DA_0"
    if sweep is not None:
        group.attrs["sweep_number"] = np.uint64(sweep)
    data = group.create_dataset("data", data=values)
    data.attrs["unit"], data.attrs["conversion"] = unit, conversion
    start = group.create_dataset("starting_time", data=0.0)
    start.attrs["rate"] = 10_000.0
    if electrode:
        path = f"general/intracellular_ephys/{electrode}"
        file.require_group(path)
        group["electrode"] = h5py.SoftLink(f"/{path}")
    return group


@pytest.fixture
def nwb2(tmp_path):
    def write(build):
        path = tmp_path / "cell2.nwb"
        with h5py.File(path, "w") as file:
            file.attrs["nwb_version"] = "2.2.5"
            file["session_description"] = "a cell"
            file.create_group("acquisition")
            build(file)
        return path

    return write


def pairs(file, sweep, *, electrode=None, numbered=True, scale=1.0):
    n = sweep if numbered else None
    tag = f"{sweep:02d}" + (electrode or "").replace(" ", "")
    series(
        file,
        "acquisition",
        f"Response_{tag}",
        "CurrentClampSeries",
        MILLIVOLTS * scale,
        unit="volts",
        conversion=1e-3,
        sweep=n,
        electrode=electrode,
    )
    series(
        file,
        "stimulus/presentation",
        f"Stimulus_{tag}",
        "CurrentClampStimulusSeries",
        STEP * scale,
        unit="amperes",
        conversion=1e-12,
        sweep=n,
        electrode=electrode,
    )


def check(sweep):
    assert sweep.voltage_mv == pytest.approx(MILLIVOLTS)
    assert sweep.current_pa == pytest.approx(STEP)
    assert (sweep.start_s, sweep.stop_s) == pytest.approx((0.1, 0.2))


@pytest.mark.parametrize("numbered", [True, False])
def test_matched_by_sweep_number_or_name(nwb2, numbered):
    sweeps = read_nwb(nwb2(lambda f: [pairs(f, n, numbered=numbered) for n in (3, 4)]))
    assert sweeps.numbers == [3, 4]
    assert sweeps.metadata["format"] == "NWB 2.2.5"
    assert sweeps.table["stimulus"].tolist() == ["Long Square"] * 2
    assert sweeps.table["code"].tolist() == ["C1LSCOARSE150216"] * 2
    check(sweeps.sweep(4))


@pytest.mark.parametrize(
    ("factor", "unit", "conversion"),
    [
        (1e-3, "volts", 1.0),
        (1, "mV", 1.0),
        (1, "mV", 1e-3),
        (16, "uV", 62.5),
        (16, "\u00b5V", 62.5),
        (1000, "microvolts", 1.0),
    ],
)
def test_units(nwb2, factor, unit, conversion):
    def build(file):
        series(
            file,
            "acquisition",
            "index_0",
            "CurrentClampSeries",
            MILLIVOLTS * factor,
            unit=unit,
            conversion=conversion,
        )

    assert read_nwb(nwb2(build)).sweep(0).voltage_mv == pytest.approx(MILLIVOLTS)


def test_a_current_monitor_is_no_response(nwb2):
    def build(file):
        pairs(file, 0)
        series(
            file,
            "acquisition",
            "index_1",
            "CurrentClampSeries",
            STEP,
            unit="A",
            conversion=1e-12,
            sweep=0,
        )

    check(read_nwb(nwb2(build)).sweep(0))


@pytest.mark.parametrize(
    ("factor", "unit", "conversion"),
    [
        (1e-12, "A", 1.0),
        (1e-3, "nA", 1.0),
        (1, "pA", 1.0),
        (1, "pA", 1e-12),
        (2e-3, "nanoamp", 0.5),
    ],
)
def test_units_of_the_current(nwb2, factor, unit, conversion):
    def build(file):
        pairs(file, 0)
        data = file["stimulus/presentation/Stimulus_00/data"]
        data[...] = STEP * factor
        data.attrs["unit"], data.attrs["conversion"] = unit, conversion

    assert read_nwb(nwb2(build)).sweep(0).current_pa == pytest.approx(STEP)


def test_a_damaged_stimulus_is_not_replaced_by_that_of_another_electrode(nwb2):
    def build(file):
        for electrode in ("Electrode 0", "Electrode 1"):
            pairs(file, 0, electrode=electrode)
        del file["stimulus/presentation/Stimulus_00Electrode1"]
        file["stimulus/presentation/Stimulus_00"] = h5py.SoftLink("/nowhere")

    path = nwb2(build)
    check(read_nwb(path, electrode="Electrode 0").sweep(0))
    with pytest.raises(FormatError, match=r"sweep 0 has several stimuli"):
        read_nwb(path, electrode="Electrode 1").sweep(0)


def test_a_response_in_amperes_alone_is_not_dropped_as_a_monitor(nwb2):
    def build(file):
        pairs(file, 0)
        pairs(file, 1)
        file["acquisition/Response_01/data"].attrs["unit"] = "A"

    sweeps = read_nwb(nwb2(build))
    assert sweeps.numbers == [0, 1]
    check(sweeps.sweep(0))
    with pytest.raises(FormatError, match=r"Response_01: its type is CurrentClampSeries, but"):
        sweeps.sweep(1)


@pytest.mark.parametrize("number", [np.inf, 1.5, 1e300, -1e30])
def test_a_sweep_number_that_is_none(nwb2, number):
    def build(file):
        pairs(file, 0)
        pairs(file, 1)
        file["acquisition/Response_01"].attrs["sweep_number"] = number

    sweeps = read_nwb(nwb2(build))
    check(sweeps.sweep(0))
    with pytest.raises(FormatError, match=r"cell2\.nwb: /acquisition/Response_01: sweep_number"):
        sweeps.sweep(1)


def test_several_electrodes_need_a_choice(nwb2):
    path = nwb2(
        lambda f: [pairs(f, 0, electrode="Electrode 0"), pairs(f, 0, electrode="Electrode 1")]
    )
    with pytest.raises(
        FormatError, match=r"sweep 0 was recorded by several electrodes .*electrode="
    ):
        read_nwb(path)
    check(read_nwb(path, electrode="Electrode 1").sweep(0))
    with pytest.raises(
        FormatError, match=r"nothing was recorded by 'x'; there are \['Electrode 0'"
    ):
        read_nwb(path, electrode="x")


def test_time_stamps_in_place_of_a_rate(nwb2):
    def build(file):
        pairs(file, 0)
        for name in ("acquisition/Response_00", "stimulus/presentation/Stimulus_00"):
            del file[name]["starting_time"]
            file[name]["timestamps"] = 5.0 + np.arange(2500) / 10_000

    path = nwb2(build)
    check(read_nwb(path).sweep(0))
    with h5py.File(path, "a") as file:
        file["acquisition/Response_00/timestamps"][1200:] += 3.0
    with pytest.raises(FormatError, match=r"time stamps are not regular"):
        read_nwb(path).sweep(0)


@pytest.mark.parametrize(
    ("stamps", "said"),
    [
        (np.zeros(1), r"Response_00: 1 time stamps tell no rate"),
        (np.array([b"a"] * 2500), r"timestamps: expected numbers in 1 dimension, got .*\|S1"),
        (np.full(2500, np.nan), r"time stamps are not regular"),
    ],
)
def test_time_stamps_that_tell_no_rate(nwb2, stamps, said):
    def build(file):
        pairs(file, 0)
        del file["acquisition/Response_00/starting_time"]
        file["acquisition/Response_00/timestamps"] = stamps

    with pytest.raises(FormatError, match=said):
        read_nwb(nwb2(build)).sweep(0)


def test_an_i_equals_zero_sweep_and_a_voltage_clamp_sweep(nwb2):
    def build(file):
        series(
            file,
            "acquisition",
            "index_1",
            "IZeroClampSeries",
            MILLIVOLTS,
            unit="volts",
            conversion=1e-3,
        )
        series(
            file,
            "acquisition",
            "index_2",
            "VoltageClampSeries",
            STEP,
            unit="amperes",
            conversion=1e-12,
        )

    sweeps = read_nwb(nwb2(build))
    assert sweeps.table["clamp"].tolist() == ["current", "voltage"]
    assert (sweeps.sweep(1).current_pa == 0).all()
    assert sweeps.sweep(2).current_pa == pytest.approx(STEP)
    assert np.isnan(sweeps.sweep(2).voltage_mv).all()


def test_a_file_without_patch_clamp_says_what_it_has(nwb2):
    def build(file):
        file.create_group("acquisition/two").attrs["neurodata_type"] = "TwoPhotonSeries"

    with pytest.raises(FormatError, match=r"cell2\.nwb: no patch-clamp.*holds TwoPhotonSeries"):
        read_nwb(nwb2(build))


@pytest.fixture
def recordings(tmp_path):
    """Write a file with a table of recordings, by pynwb."""
    pynwb = pytest.importorskip("pynwb")
    icephys = pynwb.icephys
    file = pynwb.NWBFile("a synthetic cell", "id", datetime(2026, 1, 1, tzinfo=UTC))
    device = file.create_device("amplifier")
    electrode = file.create_icephys_electrode(
        name="Electrode 0", description="pipette", device=device
    )
    common = {"electrode": electrode, "gain": 1.0, "rate": 10_000.0}
    response = icephys.CurrentClampSeries(
        name="all", data=np.tile(MILLIVOLTS, 2) * 1e-3, stimulus_description="steps", **common
    )
    stimulus = icephys.CurrentClampStimulusSeries(name="command", data=STEP * 1e-12, **common)
    for part in range(2):
        file.add_intracellular_recording(
            electrode=electrode,
            stimulus=stimulus,
            stimulus_start_index=0,
            stimulus_index_count=2500,
            response=response,
            response_start_index=2500 * part,
            response_index_count=2500,
        )
    file.add_intracellular_recording(
        electrode=electrode, response=response, response_start_index=0, response_index_count=100
    )
    path = tmp_path / "pynwb.nwb"
    with pynwb.NWBHDF5IO(path, "w") as io:
        io.write(file)
    return path


def test_the_table_of_recordings_of_pynwb(recordings):
    sweeps = read_nwb(recordings)
    assert sweeps.numbers == [0, 1, 2]
    assert sweeps.metadata["synthetic"] is True
    check(sweeps.sweep(0))
    check(sweeps.sweep(1))
    assert sweeps.sweep(2).n_samples == 100
    assert sweeps.sweep(2).metadata["electrode"] == "Electrode 0"


TABLE = "general/intracellular_ephys/intracellular_recordings"
COLUMN = f"{TABLE}/responses/response"


def replaced(file, path, values):
    del file[path]
    file[path] = values


def edited(file, row, field, value):
    rows = file[COLUMN][()]
    rows[row][field] = value
    file[COLUMN][...] = rows


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda f: replaced(f, COLUMN, np.arange(3)), r"response: expected rows of first sample"),
        (lambda f: replaced(f, COLUMN, np.zeros((3, 2))), r"response: expected rows of first"),
        (lambda f: replaced(f, COLUMN, 5), r"response: expected rows of first sample"),
        (
            lambda f: replaced(f, COLUMN, f[COLUMN][:1]),
            r"has 1 responses, but 3 stimuli; its columns must be equally long",
        ),
    ],
)
def test_a_table_of_recordings_that_is_none(recordings, change, said):
    with h5py.File(recordings, "a") as file:
        change(file)
    with pytest.raises(FormatError, match=rf"pynwb\.nwb: .*{said}"):
        read_nwb(recordings)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda f: edited(f, 1, "timeseries", f["session_description"].ref),
            r"points at /session_description, no series",
        ),
        (
            lambda f: edited(f, 1, "idx_start", 10**6),
            r"samples 1000000\.\.1002500, but there are 5000",
        ),
        (lambda f: edited(f, 1, "count", 10**6), r"samples 2500\.\.1002500, but there are 5000"),
    ],
)
def test_a_row_of_the_table_that_leads_nowhere(recordings, change, said):
    with h5py.File(recordings, "a") as file:
        change(file)
    sweeps = read_nwb(recordings)
    check(sweeps.sweep(0))
    with pytest.raises(FormatError, match=rf"pynwb\.nwb: .*{said}"):
        sweeps.sweep(1)


def test_a_series_that_was_deleted(recordings):
    with h5py.File(recordings, "a") as file:
        del file["acquisition/all"]
    with pytest.raises(FormatError, match=r"points at something that was deleted"):
        read_nwb(recordings).sweep(0)
