"""NWB 1 in the layout of the Cell Types Database, written here and read."""

import math
import pickle

import h5py
import numpy as np
import pytest

from allentk.errors import FormatError
from allentk.io import read_nwb


def test_the_table_is_made_from_attributes(nwb1):
    sweeps = read_nwb(nwb1())
    table = sweeps.table.set_index("number")
    assert sweeps.numbers == [0, 5, 12]
    assert table["clamp"].to_dict() == {0: "voltage", 5: "current", 12: "current"}
    assert table.loc[5, "stimulus"] == "Long Square"
    assert table.loc[5, "code"] == "C1LSCOARSE150216"
    assert table.loc[12, "amplitude_pa"] == 100.0
    assert table.loc[5, "sampling_rate_hz"] == 10_000
    assert table.loc[5, "n_samples"] == 25_000
    assert table["start_s"].isna().all()
    assert len(sweeps.where(stimulus="Long Square", clamp="current")) == 2


def test_what_the_file_says_of_itself(nwb1, tmp_path):
    made = read_nwb(nwb1()).metadata
    assert made["format"] == "NWB 1.0.5"
    assert made["specimen_id"] == 314900022
    assert made["session_description"] == "a synthetic cell"
    assert made["synthetic"] is True
    assert "note" not in made
    real = read_nwb(nwb1(tmp_path / "b.nwb", description="PLACEHOLDER")).metadata
    assert real["synthetic"] is False


@pytest.mark.parametrize("epochs", [True, False])
def test_integers_are_converted_once_and_the_test_pulse_is_left_out(nwb1, epochs):
    sweep = read_nwb(nwb1(epochs=epochs)).sweep(12)
    assert (sweep.start_s, sweep.stop_s) == pytest.approx((1.02, 2.02))
    assert sweep.current_pa[15_000] == pytest.approx(100.0)
    assert sweep.current_pa[350] == pytest.approx(-50.0)
    assert sweep.voltage_mv[0] == pytest.approx(-70.0, abs=0.016)
    assert sweep.voltage_mv[15_000] == pytest.approx(-60.0, abs=0.016)
    assert sweep.metadata["bridge_balance_mohm"] == pytest.approx(12.5)
    assert sweep.metadata["bias_current_pa"] == pytest.approx(-8)
    assert sweep.amplitude_pa == 100.0


@pytest.mark.parametrize(("access", "seal"), [(8.0, 2.5), (8.0e6, 2.5e9)])
def test_resistances_in_allens_units_or_in_ohm(nwb1, access, seal):
    path = nwb1()
    with h5py.File(path, "a") as file:
        file["stimulus/presentation/Sweep_5/initial_access_resistance"] = access
        file["stimulus/presentation/Sweep_5/seal"] = seal
    metadata = read_nwb(path).sweep(5).metadata
    assert metadata["initial_access_resistance_mohm"] == pytest.approx(8.0)
    assert metadata["seal_gohm"] == pytest.approx(2.5)


def test_integers_need_their_conversion_in_old_files_too(nwb1):
    sweep = read_nwb(nwb1(version="1.0")).sweep(5)
    assert sweep.voltage_mv[0] == pytest.approx(-70.0, abs=0.016)
    assert sweep.current_pa[15_000] == pytest.approx(50.0)


def test_voltage_clamp_has_the_command_for_its_voltage(nwb1):
    sweep = read_nwb(nwb1()).sweep(0)
    assert sweep.clamp == "voltage"
    assert sweep.voltage_mv.max() == pytest.approx(10.0)
    assert sweep.current_pa.max() == pytest.approx(20.0)
    assert math.isnan(sweep.start_s)


def test_a_file_of_voltage_clamp_alone_says_so(nwb1):
    sweeps = read_nwb(nwb1(sweeps=()))
    assert len(sweeps.where(clamp="current")) == 0
    assert "none of the 1 sweeps was recorded in current clamp" in sweeps.metadata["note"]
    assert "Test" in sweeps.metadata["note"]


STEP = np.r_[np.zeros(1000), np.full(1000, 80.0), np.zeros(500)]
MILLIVOLTS = -70 + STEP / 10


@pytest.mark.parametrize(
    ("scale", "conversions", "version"),
    [
        ((1, 1), (1e-3, 1e-12), None),
        ((1, 1), (1e-3, 1e-12), "1.1"),
        ((1e-3, 1e-12), (1.0, 1.0), "1.1"),
        # volts and amperes with a conversion that does not count
        ((1e-3, 1e-12), (1e-3, 1e-12), "1.0"),
        ((1e-3, 1e-12), (1e-3, 1e-12), None),
    ],
)
def test_floats_of_any_age_come_out_in_mv_and_pa(floats1, scale, conversions, version):
    path = floats1(MILLIVOLTS * scale[0], STEP * scale[1], conversions=conversions, version=version)
    sweep = read_nwb(path).sweep(7)
    assert sweep.voltage_mv == pytest.approx(MILLIVOLTS, rel=1e-5)
    assert sweep.current_pa == pytest.approx(STEP, rel=1e-5)
    assert (sweep.start_s, sweep.stop_s) == pytest.approx((0.1, 0.2))


def test_nan_at_the_end_is_fine_but_not_in_the_stimulus(floats1):
    voltage = MILLIVOLTS.copy()
    voltage[2300:] = np.nan
    assert read_nwb(floats1(voltage, STEP)).sweep(7).stop_s == pytest.approx(0.2)
    voltage[1500:] = np.nan
    sweeps = read_nwb(floats1(voltage, STEP))
    with pytest.raises(
        FormatError, match=r"floats\.nwb: sweep 7: voltage_mv is not finite at 0\.15"
    ):
        sweeps.sweep(7)


def test_a_recording_that_stopped_early_is_cut_with_its_stimulus(floats1):
    sweep = read_nwb(floats1(MILLIVOLTS[:2200], STEP)).sweep(7)
    assert sweep.n_samples == 2200
    assert sweep.stop_s == pytest.approx(0.2)


def test_sweeps_are_read_late_and_the_reader_can_be_pickled(nwb1, tmp_path, monkeypatch):
    path = nwb1()
    sweeps = read_nwb(path)
    reader = pickle.loads(pickle.dumps(sweeps._read))
    monkeypatch.chdir(tmp_path)
    assert reader(5).number == 5
    path.write_bytes(b"gone")
    with pytest.raises(FormatError, match=r"cell\.nwb: .*not an HDF5 file"):
        sweeps.sweep(12)


def test_a_sweep_that_vanished(nwb1):
    path = nwb1()
    sweeps = read_nwb(path)
    with h5py.File(path, "a") as file:
        del file["acquisition/timeseries/Sweep_5"]
    with pytest.raises(FormatError, match=r"sweep 5 is gone.*Open it again"):
        sweeps.sweep(5)


def test_files_that_are_no_nwb(tmp_path, nwb1):
    path = tmp_path / "bad.nwb"
    with pytest.raises(FormatError, match=r"bad\.nwb: there is no such file; expected an NWB"):
        read_nwb(path)
    path.write_text("<html>404</html>")
    with pytest.raises(FormatError, match=r"bad\.nwb: .*not an HDF5 file.*fetch it again"):
        read_nwb(path)
    path.write_bytes(b"")
    with pytest.raises(FormatError, match=r"has 0 bytes"):
        read_nwb(path)
    whole = nwb1().read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FormatError, match=r"bad\.nwb: .*cut off or damaged.*fetch it again"):
        read_nwb(path)
    with h5py.File(path, "w") as file:
        file["cells"] = 3
    with pytest.raises(FormatError, match=r"names no NWB version 1 or 2 .*it holds cells"):
        read_nwb(path)


def test_damage_inside_the_data_names_the_file(nwb1):
    path = nwb1()
    with h5py.File(path, "a") as file:
        del file["acquisition/timeseries/Sweep_5/data"]
        data = file.create_dataset(
            "acquisition/timeseries/Sweep_5/data",
            data=np.arange(25_000, dtype=np.int16),
            chunks=(25_000,),
            compression="gzip",
        )
        data.attrs["conversion"], data.attrs["unit"] = 1e-6, "V"
        offset = data.id.get_chunk_info(0).byte_offset
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(b"\xff" * 200)
    sweeps = read_nwb(path)
    assert sweeps.sweep(12).number == 12
    with pytest.raises(FormatError, match=r"cell\.nwb: .*cut off or damaged"):
        sweeps.sweep(5)


RESPONSE, STIMULUS = "acquisition/timeseries/Sweep_5", "stimulus/presentation/Sweep_5"


def changed(path, change):
    with h5py.File(path, "a") as file:
        change(file)
    return path


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda f: f.pop("acquisition"), r"no patch-clamp recording: /acquisition/timeseries .*"),
        (
            lambda f: f.move(RESPONSE, "acquisition/timeseries/extra"),
            r"extra: no sweep number in its name or source; name it Sweep_<number>",
        ),
    ],
)
def test_a_fault_of_the_file(nwb1, change, said):
    with pytest.raises(FormatError, match=said):
        read_nwb(changed(nwb1(), change))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda f: f[f"{RESPONSE}/starting_time"].attrs.pop("rate"),
            r"Sweep_5: starting_time needs a positive attribute 'rate'",
        ),
        (
            lambda f: f[RESPONSE].pop("starting_time"),
            r"Sweep_5: expected starting_time with a rate, or timestamps",
        ),
        (
            lambda f: f[f"{STIMULUS}/starting_time"].attrs.modify("rate", 5e3),
            r"sweep 5: the response is sampled at 10000 Hz, the stimulus at 5000 Hz",
        ),
        (
            lambda f: f[f"{RESPONSE}/data"].attrs.modify("conversion", 0.0),
            r"Sweep_5: its conversion must be a positive number, got 0\.0; mend the attribute",
        ),
        (
            lambda f: f[f"{RESPONSE}/data"].attrs.modify("conversion", -3e-5),
            r"Sweep_5: its conversion must be a positive number, got -3e-05",
        ),
        (
            lambda f: f[f"{RESPONSE}/data"].attrs.pop("conversion"),
            r"Sweep_5: its conversion must be a positive number, got none",
        ),
        (
            lambda f: f[f"{STIMULUS}/data"].attrs.create("conversion", "abc"),
            r"presentation/Sweep_5: its conversion must be a positive number, got abc",
        ),
        (
            lambda f: f[f"{RESPONSE}/data"].attrs.create("unit", "furlong"),
            r"Sweep_5: cannot tell .* its unit is 'furlong'.*expected volts or amperes",
        ),
        (
            lambda f: f[f"{RESPONSE}/data"].attrs.create("unit", "Amps"),
            r"Sweep_5: its type is CurrentClampSeries, but its unit 'Amps' is that of a current",
        ),
        (
            lambda f: f[f"{STIMULUS}/data"].attrs.create("unit", "Volts"),
            r"presentation/Sweep_5: its type is CurrentClampStimulusSeries, but its unit 'Volts'",
        ),
        (
            lambda f: f[f"{RESPONSE}/data"].attrs.create("offset", np.nan),
            r"Sweep_5: its offset must be a finite number",
        ),
        (
            lambda f: (f[RESPONSE].pop("data"), f.create_group(f"{RESPONSE}/data")),
            r"expected the dataset 'data'",
        ),
        (
            lambda f: (
                f[RESPONSE].pop("data"),
                f[RESPONSE].create_dataset("data", (10**11,), "f8"),
            ),
            r"Sweep_5/data: claims 100000000000 values, more than a file of \d+ bytes can hold",
        ),
        (
            lambda f: f.copy(RESPONSE, "acquisition/timeseries/data_00005"),
            r"sweep 5 is there 2 times, as .*Sweep_5 and .*data_00005|data_00005 and .*Sweep_5",
        ),
        (
            lambda f: f.copy(STIMULUS, "stimulus/presentation/data_00005"),
            r"sweep 5 has several stimuli \(.*the electrode does not tell which",
        ),
        (
            lambda f: f.__setitem__("general/intracellular_ephys", h5py.SoftLink("/nowhere")),
            r"intracellular_ephys cannot be read .*damaged",
        ),
    ],
)
def test_a_fault_costs_its_sweep_and_not_the_file(nwb1, change, said):
    sweeps = read_nwb(changed(nwb1(), change))
    assert sweeps.numbers == [0, 5, 12]
    row = sweeps.table.set_index("number").loc[5]
    assert (row["n_samples"], row["stimulus"]) == (0, "Long Square")
    with pytest.raises(FormatError, match=rf"cell\.nwb.*{said}"):
        sweeps.sweep(5)


def test_other_sweeps_of_a_file_with_a_fault_are_whole(nwb1):
    path = changed(nwb1(), lambda f: f[f"{RESPONSE}/data"].attrs.modify("conversion", 0.0))
    sweep = read_nwb(path).sweep(12)
    assert sweep.voltage_mv[0] == pytest.approx(-70, abs=0.016)
    assert sweep.stop_s == pytest.approx(2.02)


@pytest.mark.parametrize("path", [RESPONSE, f"{RESPONSE}/data", STIMULUS, f"{STIMULUS}/data"])
def test_what_is_linked_but_cannot_be_opened_is_not_absent(nwb1, path):
    def damage(file):
        del file[path]
        file[path] = h5py.SoftLink("/nowhere")

    sweeps = read_nwb(changed(nwb1(), damage))
    assert sweeps.numbers == [0, 5, 12]
    with pytest.raises(FormatError, match=r"Sweep_5\S* cannot be read \(.*cut off or damaged"):
        sweeps.sweep(5)


def test_what_is_no_sweep_is_left_out(nwb1):
    def add(file):
        for name, unit in (("temperature", "celsius"), ("temperature_5", "celsius"), ("note", "V")):
            group = file.create_group(f"acquisition/timeseries/{name}")
            group.attrs["ancestry"] = np.array([b"TimeSeries"])
            group["data"] = np.arange(5.0)
            group["data"].attrs["unit"] = unit

    sweeps = read_nwb(changed(nwb1(), add))
    assert sweeps.numbers == [0, 5, 12]
    assert sweeps.sweep(5).amplitude_pa == 50.0


@pytest.mark.parametrize(
    ("unit", "conversion", "said"),
    [
        ("Volts", 1.0, r"a voltage of 7\.\d+e\+04 mV cannot be: .*'Volts' and the conversion 1;"),
        (
            "mV",
            6.25e-5,
            r"a voltage that stays within 0\.00\d+ mV of 0.*'mV' and the conversion 6\.25e-05",
        ),
        (
            "Volts",
            1e-5,
            r"a voltage that stays within 0\.7\d+ mV of 0.*'Volts' and the conversion 1e-05",
        ),
    ],
)
def test_a_voltage_that_no_cell_has(floats1, unit, conversion, said):
    path = floats1(MILLIVOLTS - 5, STEP, conversions=(conversion, 1e-12))
    with h5py.File(path, "a") as file:
        file["acquisition/timeseries/Sweep_7/data"].attrs["unit"] = unit
    with pytest.raises(FormatError, match=rf"floats\.nwb: sweep 7: {said}"):
        read_nwb(path).sweep(7)


def test_a_pipette_outside_the_cell_may_be_silent(floats1):
    path = floats1(MILLIVOLTS * 1e-3, STEP, conversions=(1e-3, 1e-12), version="1.1")

    def blow_out(file):
        data = file["acquisition/timeseries/Sweep_7/data"]
        data[...] = np.full(2500, 0.4)
        data.attrs["conversion"], data.attrs["unit"] = 1.0, "mV"
        file["acquisition/timeseries/Sweep_7/stimulus_description"] = b"EXTPBLWOUT141203"

    assert read_nwb(changed(path, blow_out)).sweep(7).voltage_mv[0] == pytest.approx(0.4)


def test_a_current_that_no_amplifier_gives(floats1):
    path = floats1(MILLIVOLTS, STEP, conversions=(1e-3, 1.0))
    with pytest.raises(FormatError, match=r"a current of 8e\+13 pA cannot be: .*'Amps'"):
        read_nwb(path).sweep(7)


def test_a_current_that_is_not_finite_inside(floats1):
    current = STEP.copy()
    current[1200] = np.inf
    sweeps = read_nwb(floats1(MILLIVOLTS, current))
    with pytest.raises(FormatError, match=r"sweep 7: the current is not finite at 0\.12"):
        sweeps.sweep(7)


def test_what_the_file_says_of_the_cell(nwb1):
    def say(file):
        file[f"{STIMULUS}/seal"], file[f"{STIMULUS}/initial_access_resistance"] = 2.5e9, 8e6
        file["general/intracellular_ephys/Electrode 1/input_resistance"] = 150e6

    metadata = read_nwb(changed(nwb1(), say)).metadata
    assert metadata["seal_gohm"] == pytest.approx(2.5)
    assert metadata["initial_access_resistance_mohm"] == pytest.approx(8.0)
    assert metadata["input_resistance_mohm"] == pytest.approx(150.0)
    assert "seal_gohm" not in read_nwb(nwb1()).metadata


def test_a_response_without_stimulus_has_no_known_current(nwb1):
    path = nwb1()
    with h5py.File(path, "a") as file:
        del file["stimulus/presentation/Sweep_5"]
    sweep = read_nwb(path).sweep(5)
    assert np.isnan(sweep.current_pa).all()
    assert not sweep.has_window
    assert sweep.voltage_mv[0] == pytest.approx(-70, abs=0.016)
