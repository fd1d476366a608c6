"""A session's file is opened as what it is."""

import warnings

import h5py
import pytest

from allentk import io, read_session
from allentk.errors import FormatError
from tests import nwb2_files as layout
from tests import observatory_files


def without_imaging(path):
    with h5py.File(layout.write_ophys(path), "a") as file:
        del file["processing/ophys"]
    return path


def by_pynwb(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return layout.pynwb_ecephys(path)


def analysis(path):
    with h5py.File(path, "w") as file:
        file["analysis/response_dg"] = [1.0]
    return path


@pytest.fixture(scope="module")
def visual_coding(tmp_path_factory):
    path = tmp_path_factory.mktemp("made") / "vc.nwb"
    return observatory_files.write(observatory_files.made_up(n_cells=1), path)


@pytest.mark.parametrize(
    ("write", "reader"),
    [
        (layout.write_ecephys, io.read_ecephys_session),
        (by_pynwb, io.read_ecephys_session),
        (layout.write_ophys, io.read_ophys_experiment),
        (without_imaging, io.read_behavior_session),
        (layout.write_lfp, io.read_probe_lfp),
        (analysis, io.read_analysis),
    ],
)
def test_a_file_is_opened_by_its_reader(tmp_path, write, reader):
    path = write(tmp_path / "session.nwb")
    found, expected = read_session(path), reader(path)
    assert type(found) is type(expected)
    assert found == expected
    assert read_session(str(path)) == expected


def test_two_photon_sessions(visual_coding, session_file):
    for path in (visual_coding, session_file):
        assert read_session(path) == io.read_ophys_session(path)
    # NWB 1 has a folder of that name in every file.
    with h5py.File(session_file, "a") as file:
        file.create_group("analysis")
    assert isinstance(read_session(session_file), io.OphysSession)


def on_a_server(path):
    body = path.read_bytes()
    return io.RangedFile("https://example.org/s.nwb", len(body), lambda a, b: body[a:b])


def test_files_on_a_server(tmp_path, session_file):
    path = layout.write_ecephys(tmp_path / "s.nwb")
    assert read_session(on_a_server(path)).unit_ids == layout.UNITS
    for here in (session_file, analysis(tmp_path / "a.h5")):
        with pytest.raises(FormatError, match=r"example\.org.*not read from a server; download"):
            read_session(on_a_server(here))


def test_what_is_no_session(tmp_path, nwb1):
    with pytest.raises(FormatError, match=r"cell\.nwb: .* got NWB 1\.0\.5 .*opened by read_nwb"):
        read_session(nwb1())
    other = tmp_path / "other.nwb"
    with h5py.File(other, "w") as file:
        file["a"] = 1
    with pytest.raises(FormatError, match=r"other\.nwb: .* got no NWB .*the file holds a\)"):
        read_session(other)
    other.write_bytes(b"no file of any kind")
    with pytest.raises(FormatError, match=r"other\.nwb: .*not an HDF5 file"):
        read_session(other)
    with pytest.raises(FormatError, match=r"none\.nwb: there is no such file"):
        read_session(tmp_path / "none.nwb")
    with h5py.File(layout.write_ecephys(other), "a") as file:  # units sorted of one patched cell
        file.create_group("general/intracellular_ephys")
    with pytest.raises(FormatError, match=r"got NWB 2\.2\.2 .*opened by read_nwb"):
        read_session(other)
