"""Patch-seq: DANDI's lists and files, and published manifests, from made-up answers."""

import hashlib
import json

import pytest

from allentk.api import PatchSeq
from allentk.api.patch_seq_tables import FILES
from allentk.api.transport import Offline
from allentk.errors import DataError, FormatError, IntegrityError, OfflineError, ServiceError

API = "https://api.dandiarchive.org/api"
ASSETS = {
    100: "0e1d3b3e-0000-4000-8000-000000000100",
    200: "0e1d3b3e-0000-4000-8000-000000000200",
    300: "0e1d3b3e-0000-4000-8000-000000000300",
}


def row(session, size=1, **changes):
    return {
        "asset_id": ASSETS[session],
        "blob": "b",
        "zarr": None,
        "path": f"sub-9/sub-9_ses-{session}_icephys.nwb",
        "size": size,
        "created": "2021-01-01T00:00:00Z",
        "modified": "2021-02-01T00:00:00Z",
    } | changes


def page_url(number, version="draft", dandiset="000020"):
    return (
        f"{API}/dandisets/{dandiset}/versions/{version}/assets/"
        f"?order=path&page={number}&page_size=1000"
    )


@pytest.fixture
def listed(replies):
    """Let DANDI list files, in pages."""

    def give(*pages, count="all", **where):
        n_files = sum(map(len, pages)) if count == "all" else count
        for number, rows in enumerate(pages, 1):
            more = number < len(pages)
            replies.bodies[page_url(number, **where)] = json.dumps(
                {
                    "count": n_files if number == 1 else None,
                    "next": "https://elsewhere.org/next" if more else None,
                    "previous": None,
                    "results": rows,
                }
            ).encode()

    return give


@pytest.fixture
def kept(replies, nwb_file):
    """Let DANDI hand out the recording of a session, and describe it."""

    def give(session, **changes):
        body = nwb_file(5)
        described = {
            "contentSize": len(body),
            "digest": {
                "dandi:dandi-etag": "x-1",
                "dandi:sha2-256": hashlib.sha256(body).hexdigest(),
            },
        } | changes
        asset = f"{API}/assets/{ASSETS[session]}/"
        replies.bodies[asset] = json.dumps(described).encode()
        replies.bodies[asset + "download/"] = body
        return body

    return give


@pytest.fixture
def patch(replies, tmp_path):
    def make(species="mouse", **options):
        return PatchSeq(
            species, transport=replies, cache_dir=tmp_path / "cache", progress=False, **options
        )

    return make


def test_the_files_of_all_pages(patch, listed, replies):
    listed(
        [row(200), row(100)],
        [row(300, path="sub-9/notes.nwb")],
    )
    table = patch().files()
    assert list(table.columns) == list(FILES)
    assert table["session_id"].tolist()[:2] == [100, 200]
    assert table["session_id"].isna().tolist() == [False, False, True]
    assert table["subject_id"].tolist()[0] == 9
    assert table["asset_id"].tolist() == [ASSETS[100], ASSETS[200], ASSETS[300]]
    assert table["size_bytes"].tolist() == [1, 1, 1]
    assert table.attrs == {"source": "the test's own service", "synthetic": True}
    # The pages are counted here, and what DANDI calls "next" is not followed.
    assert replies.asked == [page_url(1), page_url(2)]
    patch().files()
    assert len(replies.asked) == 2
    patch().files(refresh=True)
    assert len(replies.asked) == 4


def test_species_and_versions(patch, listed):
    listed([row(100)], dandiset="000023", version="0.210914.1900")
    human = patch("human", version="0.210914.1900")
    assert (human.dandiset, human.version, human.species) == ("000023", "0.210914.1900", "human")
    assert len(human.files()) == 1
    with pytest.raises(DataError, match="species must be one of mouse, human"):
        patch("rat")
    for wrong in ("../draft", "0.1", ""):
        with pytest.raises(DataError, match="version must be 'draft' or like"):
            patch(version=wrong)


@pytest.mark.parametrize(
    ("pages", "count"),
    [
        ([[row(100)]], 2),
        ([[row(100)], [row(100)]], 2),
        ([[]], 0),
    ],
)
def test_pages_that_do_not_add_up(patch, listed, pages, count):
    listed(*pages, count=count)
    with pytest.raises(ServiceError, match=r"different ones, got .*files\(refresh=True\)"):
        patch().files()


@pytest.mark.parametrize(
    "body",
    [
        b"<html>Bad gateway</html>",
        b"[]",
        b'{"results": 3}',
        b'{"results": [3]}',
        b'{"results": [{"path": "x"}]}',
        json.dumps({"results": [row(100, size=None)]}).encode(),
    ],
)
def test_what_is_no_list_is_not_kept(patch, replies, body):
    replies.bodies[page_url(1)] = body
    with pytest.raises(IntegrityError, match="a page of DANDI's list of files"):
        patch().files()
    assert patch().cache.entries() == []


def test_sweeps(patch, listed, kept, replies, tmp_path):
    listed([row(100), row(200)])
    kept(200)
    mouse = patch()
    sweeps = mouse.sweeps(200)
    assert sweeps[0].voltage_mv[0] == pytest.approx(-70.0)
    assert sweeps.metadata["session_id"] == 200
    assert sweeps.metadata["dandiset"] == "000020/draft"
    assert sweeps.metadata["synthetic"] is True
    path = mouse.fetch(path="sub-9/sub-9_ses-200_icephys.nwb")
    assert sweeps.source == str(path)
    assert path.parts[-4:] == ("dandi", "000020", ASSETS[200], "sub-9_ses-200_icephys.nwb")
    assert len(replies.asked) == 3
    offline = PatchSeq(cache_dir=tmp_path / "cache", transport=Offline(synthetic=True))
    assert len(offline.sweeps(200)) == 1
    with pytest.raises(OfflineError, match=r"PatchSeq\('mouse'\).fetch\(path='sub-9/sub-9_ses-100"):
        offline.fetch(100)


@pytest.mark.parametrize(
    ("changes", "kind", "why"),
    [
        ({"digest": {"dandi:sha2-256": "0" * 64}}, IntegrityError, "expected sha256 0000"),
        ({"contentSize": 5}, IntegrityError, "expected 5 bytes"),
        ({"digest": {"dandi:sha2-256": "0" * 63}}, ServiceError, "cannot be: a sha256 hash has 64"),
        ({"digest": {"dandi:sha2-256": 7}}, ServiceError, "'contentSize' and 'digest'"),
        ({"digest": None}, ServiceError, "'contentSize' and 'digest'"),
        ({"contentSize": None}, ServiceError, "'contentSize' and 'digest'"),
    ],
)
def test_bytes_that_are_not_what_dandi_says(patch, listed, kept, changes, kind, why):
    listed([row(200)])
    kept(200, **changes)
    with pytest.raises(kind, match=why):
        patch().fetch(200)
    assert not any(name.endswith(".nwb") for name in (e.name for e in patch().cache.entries()))


def test_a_file_without_a_hash_is_still_measured(patch, listed, kept):
    listed([row(200)])
    body = kept(200, digest={"dandi:dandi-etag": "x-1"})
    assert patch().fetch(200).read_bytes() == body


@pytest.mark.parametrize("asset", ["../../x", "0e1d3b3e", ""])
def test_an_asset_that_is_none(patch, listed, asset):
    listed([row(200, asset_id=asset)])
    with pytest.raises(ServiceError, match="expected DANDI's id of a file"):
        patch().fetch(200)


def test_which_recording(patch, listed):
    listed([row(100), row(200), row(300, path="sub-9/sub-9_ses-200_image.nwb")])
    mouse = patch()
    with pytest.raises(
        DataError, match="expected one of session_id, specimen_id and path, got none"
    ):
        mouse.fetch()
    with pytest.raises(DataError, match="got session_id, path"):
        mouse.fetch(100, path="x")
    with pytest.raises(DataError, match=r"expected one of session 7, got none\. files\(\) lists"):
        mouse.fetch(7)
    with pytest.raises(DataError, match=r"ses-200_icephys\.nwb, sub-9/sub-9_ses-200_image\.nwb"):
        mouse.fetch(200)
    with pytest.raises(DataError, match="a session id is a whole number"):
        mouse.sweeps("200")
    with pytest.raises(DataError, match="DANDI knows sessions, not cells"):
        mouse.fetch(specimen_id=5)


HEADER = (
    "file_id,file_name,file_size,sha256_checksum,md5_checksum,technique,file_type,archive,"
    "archive_uri,project,cell_specimen_id\n"
)


@pytest.fixture
def manifest(tmp_path):
    """Write a manifest as published: (file id, name, size, sha256, technique, cell)."""

    def make(*files):
        path = tmp_path / "2020-06-26_mouse_file_manifest.csv"
        lines = [
            f"{identity},{name},{size},{sha},m,{technique},nwb,DANDI,"
            f"https://girder.dandiarchive.org/api/v1/item/5e/download,mIVSCC-MET,{cell}\n"
            for identity, name, size, sha, technique, cell in files
        ]
        path.write_text(HEADER + "".join(lines))
        return path

    return make


EPHYS = "intracellular_electrophysiology"


def test_a_manifest_says_which_cell_it_is(patch, listed, kept, manifest):
    listed([row(100), row(200)])
    body = kept(200)
    sha = hashlib.sha256(body).hexdigest()
    path = manifest(
        (1, "5.swc", 10, "s", "morphology", 5),
        (200, "sub-9_ses-200_icephys.nwb", len(body), sha, EPHYS, 5),
        (300, "300", 8, sha, EPHYS, 6),
    )
    mouse = patch(manifest=path)
    table = mouse.files()
    assert table["session_id"].tolist() == [100, 200, 300]
    assert table["cell_specimen_id"].tolist()[1:] == [5, 6]
    assert table["cell_specimen_id"].isna().tolist() == [True, False, False]
    assert table["published_sha256"].tolist()[1] == sha
    assert table["path"].isna().tolist() == [False, False, True]
    assert mouse.fetch(specimen_id=5) == mouse.fetch(200)
    with pytest.raises(DataError, match="expected one of session 300, got none"):
        mouse.fetch(specimen_id=6)
    with pytest.raises(DataError, match=r"specimen 7: expected one session in .*, got none"):
        mouse.fetch(specimen_id=7)


def test_a_file_that_dandi_has_replaced(patch, listed, kept, manifest):
    listed([row(200)])
    kept(200)
    name = "sub-9_ses-200_icephys.nwb"
    mouse = patch(manifest=manifest((200, name, 10, "0" * 64, EPHYS, 5)))
    with pytest.warns(UserWarning, match="another version of it than the manifest lists"):
        mouse.fetch(200)


def test_a_manifest_stands_in_where_dandi_has_no_hash(patch, listed, kept, manifest):
    listed([row(200)])
    body = kept(200, digest={})
    name = "sub-9_ses-200_icephys.nwb"
    wrong = patch(manifest=manifest((200, name, len(body), "0" * 64, EPHYS, 5)))
    with pytest.raises(IntegrityError, match="expected sha256 0000"):
        wrong.fetch(200)
    # Of another length it is another file, of which the manifest knows nothing.
    other = patch(manifest=manifest((200, name, len(body) + 1, "0" * 64, EPHYS, 5)))
    assert other.fetch(200).read_bytes() == body


def test_what_is_no_manifest(patch, listed, manifest, tmp_path):
    listed([row(200)])
    with pytest.raises(FormatError, match=r"expected files of technique .* got only morphology"):
        patch(manifest=manifest((1, "5.swc", 10, "s", "morphology", 5))).files()
    other = tmp_path / "other.csv"
    other.write_text("file_id,file_name\n1,a\n")
    with pytest.raises(FormatError, match="there is no technique, cell_specimen_id"):
        patch(manifest=other).files()
    other.write_text("a,b\n1,2\n")
    with pytest.raises(FormatError, match="expected the columns file_id"):
        patch(manifest=other).files()
    with pytest.raises(FormatError, match=r"gone\.csv"):
        patch(manifest=tmp_path / "gone.csv").files()


def test_cells_and_their_recordings(patch, listed, kept, tmp_path):
    listed([row(100), row(200)])
    kept(200)
    metadata = tmp_path / "20200625_patchseq_metadata_mouse.csv"
    metadata.write_text(
        "project,cell_specimen_id,structure,ephys_session_id,corresponding_AIT2.3.1_alias\n"
        "mIVSCC-MET,5,VISp5,200,Sst Hpse Cbln4\nmIVSCC-MET,6,VISp4,300,Vip Gpc3 Slc18a3\n"
    )
    mouse = patch(metadata=metadata)
    table = mouse.cells()
    assert table["cell_specimen_id"].tolist() == [5, 6]
    assert table["corresponding_AIT2.3.1_alias"].tolist()[0] == "Sst Hpse Cbln4"
    assert table["path"].isna().tolist() == [False, True]
    assert table["asset_id"].tolist()[0] == ASSETS[200]
    assert table.attrs == {"source": "the test's own service", "synthetic": True}
    assert mouse.sweeps(specimen_id=5).metadata["session_id"] == 200
    with pytest.raises(DataError, match="expected one of session 300, got none"):
        mouse.fetch(specimen_id=6)
    with pytest.raises(DataError, match=r"PatchSeq\(metadata="):
        patch().cells()


def test_where_it_comes_from(tmp_path):
    offline = PatchSeq(cache_dir=tmp_path, offline=True)
    assert offline.source == "https://api.dandiarchive.org (offline)"
    with pytest.raises(OfflineError, match=r"PatchSeq\('mouse', version='draft'\)\.files"):
        offline.files()
    assert not any(tmp_path.rglob("*.json"))
