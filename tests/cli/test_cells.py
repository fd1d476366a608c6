"""allentk cells."""

import json


def test_the_main_columns_are_shown(run, cells):
    result = run("cells", "--demo")
    assert result.exit_code == 0
    head, first, _, third = result.stdout.splitlines()
    assert head.split() == ["id", "species", "dendrite_type", "name", "synthetic"]
    assert first.split() == ["485909730", "Mus", "musculus", "spiny", "Rorb", "yes"]
    assert third.split()[-3:] == ["-", "Sst", "yes"]
    assert result.stderr == "Data: a test (synthetic).\n3 cells.\n"


def test_filters_reach_the_service(run, cells):
    options = "--species human --structure VISp --layer 4 --line Rorb --dendrite-type spiny"
    assert run("cells", "--demo", *options.split(), "--has-reconstruction").exit_code == 0
    assert cells.asked == [
        {
            "species": "human",
            "structure": "VISp",
            "layer": "4",
            "transgenic_line": "Rorb",
            "dendrite_type": "spiny",
            "has_reconstruction": True,
        }
    ]


def test_no_filter_is_none(run, cells):
    run("cells", "--demo")
    assert set(cells.asked[0].values()) == {None}


def test_all_columns_for_programs(run, cells):
    rows = json.loads(run("cells", "--demo", "--json").stdout)
    assert rows[1]["normalized_depth"] is None
    assert rows[0]["synthetic"] is True
    csv = run("cells", "--demo", "--csv").stdout.splitlines()
    assert csv[0] == "id,name,species,dendrite_type,normalized_depth,synthetic"
    assert csv[1] == "485909730,Rorb,Mus musculus,spiny,0.5,True"
