"""Every published fit at hand: read, written and read again; and the folders they came in."""

import json
from dataclasses import replace

import pytest

from allentk.errors import DataError
from allentk.io import find_model, read_biophysical, read_swc, write_biophysical

PERISOMATIC = (
    "cell_types/cell_313862022/473465456_fit.json",
    "cell_types/cell_320207387/329321704_fit.json",
    "models/biophysical/arkhipov_314804042/fit.json",
    "models/biophysical/arkhipov_318808427/fit.json",
    "models/biophysical/osb_472450023/fit.json",
    "models/biophysical/osb_483108201/fit.json",
    "models/biophysical/sdk_468193142/peri_fit.json",
    "network/components/472363762_fit.json",
    "network/components/472912177_fit.json",
    "network/components/473862421_fit.json",
    "network/components/473863035_fit.json",
    "network/components/473863510_fit.json",
)
ALL_ACTIVE = (
    "models/biophysical/allactive_2022/483101699_hof0.json",
    "models/biophysical/allactive_2022/483101699_task/notebook_fit.json",
    "models/biophysical/sdk_468193142/allactive_fit.json",
    "models/biophysical/sdk_468193142/allactive_new_fit.json",
)


def test_these_are_all_the_fits_there_are(shared):
    found = {
        str(path.relative_to(shared))
        for path in shared.rglob("*.json")
        if path.stat().st_size < 100_000 and b'"genome"' in path.read_bytes()
    }
    assert found == {*PERISOMATIC, *ALL_ACTIVE}


def told(cell):
    """Return what a model says as the file says it: (section, name, mechanism) -> value."""
    values = {}
    for section, one in cell.sections.items():
        values[section, "g_pas", ""] = one.g_pas
        values[section, "cm", ""] = one.cm_uf_per_cm2
        values[section, "Ra", ""] = one.ra_ohm_cm
        values[section, "e_pas", ""] = one.e_pas_mv
        for mechanism, given in one.mechanisms.items():
            for name, value in given.items():
                published = {"decay_s": "decay"}.get(name, name)
                values[section, f"{published}_{mechanism}", mechanism] = (
                    value * 1e3 if name == "decay_s" else value
                )
    return values


@pytest.mark.parametrize("name", PERISOMATIC + ALL_ACTIVE)
def test_every_number_of_a_fit_arrives(shared, name):
    fit = json.loads((shared / name).read_text())
    cell = read_biophysical(shared / name, axon="stub")
    values = told(cell)
    genome = {(g["section"], g["name"], g["mechanism"]): float(g["value"]) for g in fit["genome"]}
    assert {key: values[key] for key in genome} == pytest.approx(genome, rel=1e-14)
    block = fit["passive"][0]
    for one in block.get("cm", []):
        assert cell.sections[one["section"]].cm_uf_per_cm2 == one["cm"]
    if "e_pas" in block:
        assert {one.e_pas_mv for one in cell.sections.values()} == {block["e_pas"]}
        assert {one.ra_ohm_cm for one in cell.sections.values()} == {block["ra"]}
    assert cell.v_init_mv == fit["conditions"][0]["v_init"]
    assert cell.training_sweeps == tuple(fit["fitting"][0]["sweeps"])
    # All of them: 34 degrees, -14 mV, sodium at 53 and potassium at -107 mV.
    assert (cell.celsius, cell.junction_potential_mv) == (34.0, -14.0)
    assert (cell.sections["soma"].ena_mv, cell.sections["soma"].ek_mv) == (53.0, -107.0)


@pytest.mark.parametrize("name", PERISOMATIC)
def test_perisomatic_fits(shared, name):
    cell = read_biophysical(shared / name)
    assert (cell.kind, cell.axon) == ("perisomatic", "stub")
    soma = cell.sections["soma"].mechanisms
    # Ten conductances in the soma, of the pyramidal or of the fast-spiking set, and the pool.
    assert len(soma) == 11
    assert ("NaV" in soma) != ("NaTs" in soma)
    assert cell.v_init_mv == cell.sections["soma"].e_pas_mv


@pytest.mark.parametrize("name", ALL_ACTIVE)
def test_all_active_fits(shared, name):
    with pytest.raises(DataError, match="which axon"):
        read_biophysical(shared / name)
    cell = read_biophysical(shared / name, axon="truncated")
    assert (cell.kind, cell.axon) == ("all-active", "truncated")
    assert list(cell.sections) == ["soma", "axon", "dend", "apic"]
    assert cell.v_init_mv in (-80.0, -90.0)
    assert ("NaV" in cell.sections["soma"].mechanisms) == (cell.v_init_mv == -90.0)


@pytest.mark.parametrize("name", PERISOMATIC + ALL_ACTIVE)
def test_what_is_written_reads_back_bit_by_bit(shared, tmp_path, name):
    cell = read_biophysical(shared / name, axon="truncated")
    again = read_biophysical(write_biophysical(cell, tmp_path / "fit.json"))
    assert replace(again, source=cell.source) == cell


@pytest.mark.parametrize(
    ("cell", "fit", "n_sweeps"),
    [(313862022, "473465456_fit.json", 48), (320207387, "329321704_fit.json", 98)],
)
def test_folders_as_the_archive_lays_them_out(shared, cell, fit, n_sweeps):
    folder = shared / "cell_types" / f"cell_{cell}"
    found = find_model(folder)
    assert found.fit == folder / fit
    assert found.morphology.name.endswith("_m.swc")
    assert found.recording.suffix == ".nwb"
    assert len(found.sweeps) == n_sweeps
    assert set(read_biophysical(folder).training_sweeps) <= set(found.sweeps)


@pytest.mark.parametrize("name", ["arkhipov_314804042", "osb_483108201"])
def test_folders_without_a_manifest(shared, name):
    found = find_model(shared / "models" / "biophysical" / name)
    assert read_swc(found.morphology).n_nodes > 1000
    sections = read_biophysical(found.fit).sections
    assert set(sections) == {"soma", "axon", "dend", "apic"}
