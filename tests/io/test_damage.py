"""Files with wrong bytes in them: whatever is read, only errors of ours come, and name the file."""

import json
import random
import re

import h5py
import pytest

from allentk.errors import AllenTKError
from allentk.io import glif_config, read_glif, read_nwb, read_session, read_swc
from allentk.models import GLIFParameters

CHANGES = 100
#: HDF5 of this age keeps a sum of what describes the data, and notices when it is wrong.
WITH_SUMS = ("v110", "v110")
HEAP = 4096


def rewritten(path, target):
    with h5py.File(path) as old, h5py.File(target, "w", libver=WITH_SUMS) as new:
        for name in old:
            old.copy(name, new)
    return target


def kinds_of_bytes(path):
    """Return where a file describes its samples, and where it has them.

    Heaps of text (GCOL) are neither: HDF5 itself may go round in circles where one is damaged.
    """
    good = path.read_bytes()
    samples, heaps = set(), set()
    for found in re.finditer(b"GCOL", good):
        heaps.update(range(found.start(), found.start() + HEAP))

    def note(_name, item):
        if isinstance(item, h5py.Dataset) and item.id.get_offset() is not None:
            first = item.id.get_offset()
            samples.update(range(first, first + item.id.get_storage_size()))

    with h5py.File(path) as file:
        file.visititems(note)
    return sorted(set(range(len(good))) - samples - heaps), sorted(samples - heaps)


def wrong(good, descriptions, samples, rng):
    """Return the bytes with up to four of them changed, or an end missing."""
    if rng.random() < 0.1:
        return good[: rng.randrange(len(good))]
    bad = bytearray(good)
    for _ in range(rng.choice([1, 1, 2, 4])):
        place = rng.choice(descriptions if rng.random() < 0.8 else samples)
        bad[place] = rng.choice([0, 255, bad[place] ^ (1 << rng.randrange(8)), rng.randrange(256)])
    return bytes(bad)


def outcomes(path, calls):
    """Return for each call whether it came to an end; every error must name the file."""
    said = []
    for call in calls:
        try:
            call()
        except AllenTKError as error:
            said.append(str(error))
        else:
            said.append("")
    assert [words for words in said if words and path.name not in words] == []
    return [not words for words in said]


def sweeps_of(path):
    sweeps = read_nwb(path)
    return [lambda n=n: sweeps.sweep(n) for n in sweeps.numbers]


def parts_of(path):
    session = read_session(path)
    return [
        session.dff,
        session.fluorescence,
        session.running_speed,
        session.roi_masks,
        *(lambda name=name: session.stimulus_table(name) for name in session.stimuli),
    ]


def changed_often(made, open_and_list, seed):
    """Change a file, open it and ask for all there is; some of it must come, and some must not."""
    good, kinds, rng = made.read_bytes(), kinds_of_bytes(made), random.Random(seed)
    path, ended = made.with_name("wrong.nwb"), []
    for _ in range(CHANGES):
        path.write_bytes(wrong(good, *kinds, rng))
        found = []
        ended += outcomes(path, [lambda found=found: found.extend(open_and_list(path))])
        ended += outcomes(path, found)
    assert True in ended
    assert False in ended


@pytest.mark.parametrize("sums", [True, False])
def test_recordings(nwb1, tmp_path, sums):
    made = nwb1()
    changed_often(rewritten(made, tmp_path / "sums.nwb") if sums else made, sweeps_of, seed=11)


@pytest.mark.parametrize("sums", [True, False])
def test_sessions(session_file, tmp_path, sums):
    made = rewritten(session_file, tmp_path / "sums.nwb") if sums else session_file
    changed_often(made, parts_of, seed=5)


PIECES = (b"\n", b" ", b"-", b"e9", b"9" * 21, b"null", b"[", b'"', b"NaN", b"\xff", b"0", b"{}")


def edited(good, rng):
    """Return text with one to five bytes of it changed, left out, or something put in."""
    bad = bytearray(good)
    for _ in range(rng.choice([1, 2, 5])):
        place = rng.randrange(len(bad))
        what = rng.choice(["change", "leave out", "put in"])
        if what == "change":
            bad[place] = rng.randrange(256)
        elif what == "leave out":
            del bad[place : place + rng.randrange(1, 6)]
        else:
            bad[place:place] = rng.choice(PIECES)
    return bytes(bad)


SWC = b"1 1 0 0 0 5 -1\n2 3 0 10 0 1 1\n3 3 0 20 0 0.5 2\n4 4 3 4 0 1 1\n"
CELL = GLIFParameters(
    level=5,
    C_pf=81.9,
    R_mohm=302.5,
    E_L_mv=-67.3,
    th_inf_mv=23.5,
    t_ref_s=0.003,
    asc_amp_pa=(-10.0, -50.0),
    asc_tau_s=(0.1, 0.01),
    th_spike_b_per_s=88.0,
    th_voltage_b_per_s=30.1,
)


@pytest.mark.parametrize(
    ("name", "good", "read"),
    [
        ("cell.swc", SWC, read_swc),
        ("neuron_config.json", json.dumps(glif_config(CELL)).encode(), read_glif),
    ],
    ids=["swc", "json"],
)
def test_text(tmp_path, name, good, read):
    path, rng, ended = tmp_path / name, random.Random(3), []
    for _ in range(3 * CHANGES):
        path.write_bytes(edited(good, rng))
        ended += outcomes(path, [lambda: read(path)])
    assert True in ended
    assert False in ended
