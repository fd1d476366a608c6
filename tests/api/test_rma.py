"""Queries as the service reads them, pages, envelopes."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest

from allentk.api import queries
from allentk.api.rma import BASE, Query, equals, file_url, is_in, query_text, query_url, rows
from allentk.errors import DataError, ServiceError

ALL = "rma::options[num_rows$eq'all']"
UNCOUNTED = ALL + "[count$eqfalse]"

#: What the Allen Institute's own client sends, word by word.
SENT = [
    (queries.cells(), f"model::ApiCellTypesSpecimenDetail,{ALL}"),
    (
        queries.ephys_features(),
        f"model::EphysFeature,rma::criteria,specimen(ephys_result[failed$eqfalse]),{ALL}",
    ),
    (queries.sweep_table(5), f"model::EphysSweep,rma::criteria,[specimen_id$eq5],{ALL}"),
    (
        queries.recording(5),
        "model::Specimen,rma::criteria,[id$eq5],"
        "ephys_result(well_known_files(well_known_file_type[name$eqNWBDownload])),"
        f"rma::include,ephys_result(well_known_files(well_known_file_type)),{ALL}",
    ),
    (
        queries.reconstruction(5),
        "model::Specimen,rma::criteria,[id$eq5],neuron_reconstructions(well_known_files),"
        "rma::include,neuron_reconstructions(well_known_files(well_known_file_type"
        f"[name$eq'3DNeuronReconstruction'])),{ALL}",
    ),
    (
        queries.glif_models(5),
        "model::Specimen,rma::criteria,[id$in5],rma::include,neuronal_models(well_known_files,"
        "neuronal_model_template[id$in395310498,395310469,395310475,395310479,471355161],"
        f"neuronal_model_runs(well_known_files)),{UNCOUNTED}",
    ),
    (
        queries.glif_config(7),
        "model::NeuronalModel,rma::criteria,[id$in7],rma::include,"
        f"well_known_files(well_known_file_type),{UNCOUNTED}",
    ),
    (
        queries.containers(),
        "model::ExperimentContainer,rma::include,ophys_experiments,isi_experiment,"
        f"specimen(donor(conditions,age,transgenic_lines)),targeted_structure,{UNCOUNTED}",
    ),
    (
        queries.sessions(),
        "model::OphysExperiment,rma::include,experiment_container,"
        "well_known_files(well_known_file_type),targeted_structure,"
        f"specimen(donor(age,transgenic_lines)),{UNCOUNTED}",
    ),
    (
        queries.cell_metrics(),
        "model::ApiCamCellMetric,rma::options[num_rows$eq2000][start_row$eq0]"
        "[order$eq'cell_specimen_id']",
    ),
    (
        queries.session_file(1),
        "model::WellKnownFile,rma::criteria,[attachable_id$eq1],"
        f"well_known_file_type[name$eqNWBOphys],{UNCOUNTED}",
    ),
]


@pytest.mark.parametrize(("query", "text"), SENT)
def test_the_queries_word_by_word(query, text):
    assert query_text(query) == text


@pytest.mark.parametrize(("query", "text"), SENT)
def test_the_url_is_quoted_and_comes_back(query, text):
    url = query_url(query)
    parts = urlsplit(url)
    assert (parts.scheme, parts.netloc) == ("https", "api.brain-map.org")
    assert parts.path == "/api/v2/data/query.json"
    assert parse_qs(parts.query) == {"q": [text]}
    assert not set("[]'() ") & set(url)
    assert "model::" in url


def test_a_url_letter_by_letter():
    assert query_url(queries.sweep_table(5)) == (
        "https://api.brain-map.org/api/v2/data/query.json?q=model::EphysSweep,rma::criteria,"
        "%5Bspecimen_id$eq5%5D,rma::options%5Bnum_rows$eq%27all%27%5D"
    )


def test_filters():
    assert equals("failed", False) == "[failed$eqfalse]"
    assert equals("name", "Long Square") == "[name$eq'Long Square']"
    assert is_in("id", [5, 6]) == "[id$in5,6]"


@pytest.mark.parametrize("value", ["a'b", "x]", "x[", "a$eqb", "a,b", "f(x)"])
def test_a_value_cannot_change_the_grammar(value):
    with pytest.raises(DataError, match="grammar"):
        equals("name", value)


def test_links_lead_to_the_service_only():
    assert file_url("/api/v2/well_known_file_download/9") == file_url(9)
    for link in (
        "https://elsewhere.org/api/v2/well_known_file_download/9",
        "/api/v2/well_known_file_download/../../x",
        "@elsewhere.org/x",
        "",
    ):
        with pytest.raises(ServiceError, match="not followed"):
            file_url(link)


PAGED = Query("Thing", order="id", page=2)


@pytest.fixture
def ask(replies):
    def run(query=PAGED):
        return rows(replies, query, what="table of things", command="-", progress=False)

    return run


@pytest.fixture
def served(replies, envelope):
    """Serve pages as they are given: start row -> body."""

    def serve(pages):
        for start, body in pages.items():
            replies.bodies[query_url(PAGED, start_row=start)] = body

    return serve


def things(*ids):
    return [{"id": i} for i in ids]


def test_pages_until_all_rows_came(replies, envelope, served, ask):
    served(
        {
            0: envelope(things(1, 2), total_rows=5),
            2: envelope(things(3, 4), start_row=2, total_rows=5),
            4: envelope(things(5), start_row=4, total_rows=5),
        }
    )
    assert ask() == things(1, 2, 3, 4, 5)
    assert len(replies.asked) == 3


def test_the_last_page_may_be_full(replies, envelope, served, ask):
    served({0: envelope(things(1, 2), total_rows=2)})
    assert ask() == things(1, 2)


def test_without_a_count_a_short_page_is_the_last(envelope, served, ask):
    served(
        {
            0: envelope(things(1, 2), total_rows=None),
            2: envelope(things(3), start_row=2, total_rows=-1),
        }
    )
    assert ask() == things(1, 2, 3)


@pytest.mark.parametrize("last", [things(3), []])
def test_fewer_rows_than_counted_end_with_a_warning(replies, envelope, served, ask, last):
    served(
        {
            0: envelope(things(1, 2), total_rows=9440),
            2: envelope(last, start_row=2, total_rows=9440),
        }
    )
    with pytest.warns(UserWarning, match="counted 9440 rows but gave"):
        assert ask() == things(1, 2) + last
    assert len(replies.asked) == 2


class Endless:
    """A service that gives another full page whatever is asked."""

    source, synthetic, namespace = "endless", True, ""

    def __init__(self, make):
        self.make, self.asked = make, 0

    def get(self, request):
        from allentk.api.exchange import Response

        self.asked += 1
        body = json.dumps(self.make(self.asked)).encode()
        return Response(200, {}, request.url, iter([body]), lambda: None)


def page(start, first, **more):
    return {"success": True, "start_row": start, "msg": things(first, first + 1), **more}


@pytest.mark.parametrize(
    ("make", "why"),
    [
        # the same page for ever
        (lambda n: page(None, 1, total_rows=10**9), "begins with the same row"),
        # start_row is not heeded
        (lambda n: page(0, n, total_rows=10**9), "asked for rows from 2, got rows from 0"),
        # new rows for ever, and no count
        (lambda n: page(None, 2 * n), "1000 pages"),
        # a count that grows with every page
        (lambda n: page(None, 2 * n, total_rows=2 * n + 2), "there were 4 rows in all"),
        # more rows than there are
        (lambda n: page(None, 2 * n, total_rows=1), "there are only 1"),
        # more rows than asked for
        (lambda n: {"success": True, "msg": things(1, 2, 3), "total_rows": 9}, "asked for 2 rows"),
    ],
)
def test_a_service_that_never_ends(make, why):
    endless = Endless(make)
    with pytest.raises(ServiceError, match=why):
        rows(endless, PAGED, what="table of things", command="-", progress=False)
    assert endless.asked <= 1000


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b'{"success": false, "msg": "Data access error"}', "the service says 'Data access error'"),
        (b'{"success": "true", "msg": []}', "the service says"),
        (b"<html>Bad gateway</html>", "got a web page beginning"),
        (b"", "no JSON"),
        (b"\xff\xfe", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"[]", "expected an object with 'success'"),
        (b"3", "expected an object with 'success'"),
        (b'{"msg": []}', "expected an object with 'success'"),
        (b'{"success": true, "msg": "no rows"}', "expected rows in 'msg'"),
        (b'{"success": true, "msg": [1, 2]}', "expected rows in 'msg'"),
        (b'{"success": true}', "expected rows in 'msg'"),
    ],
)
def test_what_is_no_answer(replies, ask, body, why):
    query = queries.sweep_table(5)
    replies.bodies[query_url(query)] = body
    with pytest.raises(ServiceError) as caught:
        ask(query)
    assert why in str(caught.value)
    assert str(caught.value).startswith("table of things: ")
    assert query_url(query) in str(caught.value)


def test_all_rows_at_once_need_no_count(replies, envelope, ask):
    # Includes multiply the service's count: a recorded answer has 9440 for one row.
    query = queries.containers()
    replies.bodies[query_url(query)] = envelope(things(1), total_rows=9440)
    assert ask(query) == things(1)
    assert replies.asked == [query_url(query)]
    assert replies.asked[0].startswith(BASE)
