"""Published CSV: one type per column, whatever it was written as."""

import pandas as pd
import pytest

from allentk.api.csv_tables import csv_check, read_csv, typed
from allentk.api.tables import documented, frame
from allentk.errors import FormatError, IntegrityError, ServiceError

COLUMNS = {
    **documented("id", "id | | the row"),
    **documented("int", "session | | its session"),
    **documented("float", "depth | um | its depth"),
    **documented("bool", "passive | | whether"),
    **documented("text", "name | | its name\nphase | | generation"),
    **documented("list", "areas | | where\ncells | | which"),
}
GOOD = """id,session,depth,passive,name,phase,areas,cells,brand_new
5,,1.5,True,a,3a,"['VISp', 'CA1']","[1, 22]",7
6,951410079.0,nan,,NA,1.0,,,8
"""


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(GOOD)
    return path


def test_types(path):
    table = read_csv(path, COLUMNS, what="table")
    assert table["id"].dtype == "int64"
    assert table["session"].tolist() == [pd.NA, 951_410_079]
    assert table["depth"].tolist()[0] == 1.5
    assert table["depth"].isna().tolist() == [False, True]
    assert table["passive"].tolist() == [True, pd.NA]
    assert table["name"].tolist() == ["a", "NA"]
    assert table["phase"].tolist() == ["3a", "1.0"]
    assert table["areas"].tolist() == [["VISp", "CA1"], []]
    assert table["cells"].tolist() == [[1, 22], []]
    assert table["brand_new"].tolist() == [7, 8]
    assert next(iter(table)) == "id"


def test_a_column_of_row_numbers_is_left_out(path):
    path.write_text(",id,Unnamed: 9\n0,5,1\n")
    assert list(read_csv(path, COLUMNS, what="table")) == ["id"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id,session\n0,2,3\n1,5,6\n", "rows have more fields than the header"),
        ("id,session\n1,2,3\n4,5,6\n7,7,7\n", "rows have more fields than the header"),
        ("session\n1\n", "expected the columns id; there are session"),
        ("id\n\n5.5\n", "'id' to be of kind 'id'"),
        ("id,session\n,5\n", "'id' to be of kind 'id'"),
        ("id,session\n1,x\n", "'session' to be of kind 'int'"),
        (f"id\n{'9' * 30}\n", "'id' to be of kind 'id'"),
        (f"id,session\n1,{'9' * 30}\n2,\n", "'session' to be of kind 'int'"),
        (f"id,session\n1,{2**63}\n", "'session' to be of kind 'int'"),
        ("id,session\n1,inf\n", "'session' to be of kind 'int'"),
        ("id,session\n1,1.5\n", "'session' to be of kind 'int'"),
        ("id,depth\n1,deep\n", "'depth' to be of kind 'float'"),
        ("id,passive\n1,perhaps\n", "'passive' to be of kind 'bool'"),
        ("", "expected table as CSV"),
        ('id\n"1\n', "expected table as CSV"),
        ("id\n1\n2,3,4\n", "expected table as CSV"),
    ],
)
def test_what_is_no_such_table(path, text, said):
    path.write_text(text)
    with pytest.raises(FormatError, match=said) as caught:
        read_csv(path, COLUMNS, what="table")
    assert "t.csv" in str(caught.value)
    with pytest.raises(IntegrityError, match="table: what came is not that table"):
        csv_check(COLUMNS)(path, "table")


def test_the_glance_is_at_the_start_only(path):
    path.write_text("id\n" + "1\n" * 500 + "x\n")
    csv_check(COLUMNS)(path, "table")
    with pytest.raises(FormatError, match="'id' to be of kind 'id'"):
        read_csv(path, COLUMNS, what="table")


def test_bytes_that_are_no_text(path):
    path.write_bytes(b"id,name\n1,\xff\xfe\n")
    with pytest.raises(FormatError, match="expected table as CSV"):
        read_csv(path, COLUMNS, what="table")


def test_rows_of_a_service():
    rows = pd.DataFrame([{"id": 5, "passive": True, "areas": ["VISp"]}, {"id": 6, "passive": None}])
    table = typed(rows, COLUMNS, what="rows")
    assert table["passive"].tolist() == [True, pd.NA]
    assert table["areas"].tolist() == [["VISp"], []]


def test_lists_in_other_dress(path):
    path.write_text('id,areas,cells\n1,VISp,"(3, -4)"\n2,"[""O\'Hara"", \'b\']","[]"\n')
    table = read_csv(path, COLUMNS, what="table")
    assert table["areas"].tolist() == [["VISp"], ["O'Hara", "b"]]
    assert table["cells"].tolist() == [[3, -4], []]


def test_large_numbers_beside_a_blank_stay_exact(path):
    path.write_text("id,session\n1,9007199254740993\n2,\n")
    table = read_csv(path, COLUMNS, what="table")
    assert table["session"].tolist() == [9_007_199_254_740_993, pd.NA]


@pytest.mark.parametrize("kind", ["id", "int"])
def test_numbers_of_a_service_that_are_too_large(kind):
    columns = documented(kind, "n | | a number")
    assert frame([{"n": "9007199254740993"}], columns, what="t")["n"].tolist() == [2**53 + 1]
    with pytest.raises(ServiceError, match=f"expected 'n' to be of kind '{kind}'"):
        frame([{"n": 2**63}], columns, what="t")
