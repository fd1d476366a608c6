"""Real NWB 2 recordings of the rigs that Patch-seq used arrive through the Patch-seq client."""

import hashlib
import json

import pytest

from allentk.api import PatchSeq
from allentk.api.dandi import SITE
from allentk.api.exchange import Response

ASSET = "0e1d3b3e-0000-4000-8000-000000000100"


class Dandi:
    """A transport that hands out one file, described as DANDI describes files."""

    source, synthetic, namespace = "recorded answers", False, ""

    def __init__(self, body):
        path = "sub-599387254/sub-599387254_ses-601506492_icephys.nwb"
        row = {"asset_id": ASSET, "path": path, "size": len(body), "modified": None}
        described = {
            "contentSize": len(body),
            "digest": {"dandi:sha2-256": hashlib.sha256(body).hexdigest()},
        }
        listing = "/api/dandisets/000020/versions/draft/assets/?order=path&page=1&page_size=1000"
        page = {"count": 1, "next": None, "results": [row]}
        self.bodies = {
            SITE + listing: json.dumps(page).encode(),
            f"{SITE}/api/assets/{ASSET}/": json.dumps(described).encode(),
            f"{SITE}/api/assets/{ASSET}/download/": body,
        }

    def get(self, request):
        body = self.bodies[request.url]
        headers = {"content-length": str(len(body))}
        return Response(200, headers, request.url, iter([body]), lambda: None)


@pytest.mark.parametrize(
    ("name", "clamp"),
    [("ramp_human_IN1_2018_03_20_0005_a.nwb", "current"), ("FergusonEtAl2015_PYR2.nwb", "current")],
)
def test_a_recording(shared, tmp_path, name, clamp):
    body = (shared / "recordings" / "nwb" / name).read_bytes()
    mouse = PatchSeq(transport=Dandi(body), cache_dir=tmp_path, progress=False)
    table = mouse.files()
    # As 601506507 of the published metadata: session 601506492, and this name on DANDI.
    assert table["session_id"].tolist() == [601506492]
    assert table["subject_id"].tolist() == [599387254]
    sweeps = mouse.sweeps(601506492)
    assert sweeps.metadata["format"].startswith("NWB 2")
    assert not sweeps.metadata["synthetic"]
    assert set(sweeps.table["clamp"]) == {clamp}
    sweep = sweeps[0]
    assert -120 < sweep.voltage_mv.min() < sweep.voltage_mv.max() < 80
    assert mouse.fetch(601506492).read_bytes() == body
