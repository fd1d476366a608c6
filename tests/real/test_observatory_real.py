"""Recorded tables of the Observatory, as the service and as the bucket give them."""

import csv
import json

import pytest

from allentk.api import BrainObservatory, queries
from allentk.api.exchange import Response
from allentk.api.observatory_columns import METRICS
from allentk.api.observatory_files import BUCKET
from allentk.api.rma import BASE, query_url
from allentk.errors import OfflineError


class Recorded:
    """A transport of recorded bodies by URL; a host may be down."""

    source, synthetic, namespace = BASE, False, ""

    def __init__(self, bodies, down=()):
        self.bodies, self.down = bodies, down

    def get(self, request):
        if request.url.startswith(tuple(self.down)):
            raise OfflineError(f"{request.what}: cannot be reached")
        body = self.bodies[request.url]
        headers = {"content-length": str(len(body))}
        return Response(200, headers, request.url, iter([body]), lambda: None)


def envelope(rows):
    answer = {"success": True, "id": 0, "start_row": 0, "total_rows": len(rows), "msg": rows}
    return json.dumps(answer).encode()


@pytest.fixture
def observatory(shared, tmp_path):
    """The recorded tables, at the service and in the bucket."""
    recorded = {
        "experiment_containers.json": (queries.containers(), "boc_experiment_containers_216.json"),
        "stimulus_mappings.json": (queries.stimulus_mappings(), "boc_stimulus_mappings_128.json"),
    }
    bodies = {}
    for name, (query, file) in recorded.items():
        body = (shared / "api" / file).read_bytes()
        bodies[f"{BUCKET.base}/visual-coding-2p/{name}"] = body
        bodies[query_url(query)] = envelope(json.loads(body))

    def make(source, **options):
        return BrainObservatory(
            source=source,
            transport=Recorded(bodies, **options),
            cache_dir=tmp_path / source,
            progress=False,
        )

    return make


def test_both_sources_give_the_same_containers(observatory):
    api, bucket = observatory("api").containers(), observatory("s3").containers()
    assert len(api) == 181
    assert api.equals(bucket)
    assert (api.attrs["source"], bucket.attrs["source"]) == (BASE, BUCKET.base)


def test_the_bucket_stands_in_for_a_service_that_is_down(observatory):
    table = observatory("auto", down=[BASE]).containers(include_failed=True)
    assert len(table) == 216
    assert "cannot be reached" in table.attrs["fell_over"]


def test_every_published_metric_is_a_column(observatory):
    mappings = observatory("s3").stimulus_mappings()
    assert len(mappings) == 128
    metrics = observatory("s3").stimulus_mappings(item_type="M", level="R")
    assert len(metrics) == 46
    assert set(metrics["item"]) == set(list(METRICS)[14:])
    thumbnails = observatory("s3").stimulus_mappings(item_type="T", level="R")
    assert len(thumbnails) == 34
    assert not set(thumbnails["item"]) & set(METRICS)


def test_columns_hold_what_they_are_said_to_hold(shared):
    path = shared / "observatory" / "apicam_cell_metrics_511510753.csv"
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert set(METRICS) == {name for name in rows[0] if name}

    def span(name):
        values = [float(row[name]) for row in rows if row[name]]
        return min(values), max(values)

    within = {
        "deg": (0, 360),
        "Hz": (1, 15),
        "cpd": (0.02, 0.32),
        "cycles": (0, 0.75),
        "s": (-1, 1),
    }
    for name, field in METRICS.items():
        low, high = within.get(field.unit, (float("-inf"), float("inf")))
        assert low <= span(name)[0] <= span(name)[1] <= high if field.kind == "float" else True
        if name.startswith("p_"):
            assert 0 <= span(name)[0] <= span(name)[1] <= 1
    # The stimulus has 28 x 16 squares of 4.65 degrees.
    assert span("rf_center_on_x_lsn")[1] < 28 * 4.65
    assert span("rf_center_on_y_lsn")[1] < 16 * 4.65
