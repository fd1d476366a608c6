"""allentk observatory metrics on a real session's dF/F, laid out as an NWB 1 file.

The recording is here as trials that overlap by a frame or two: where they do, it is put together again, to
the last bit. Its fluorescence is taken to be 1 + dF/F, which the warehouse's metrics tell from the real one
by their unit alone.
"""

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from allentk.cli.main import cli
from allentk.data import Traces
from allentk.responses import paper2020, traces, warehouse
from tests import observatory_files as files

N_CELLS, ONSET, SHOWN = 16, 8, 60


def together(trials):
    """Return the recording (cells x frames), and the frame at which every trial begins."""
    length, starts = trials.shape[2], [0]
    parts = [trials[:, 0]]
    for before, after in zip(trials.swapaxes(0, 1), trials.swapaxes(0, 1)[1:], strict=False):
        steps = [n for n in range(85, length) if (before[:, n:] == after[:, : length - n]).all()]
        step = steps[0] if steps else length
        starts.append(starts[-1] + step)
        parts.append(after[:, length - step :])
    return np.concatenate(parts, axis=1), np.array(starts)


@pytest.fixture(scope="module")
def session(shared):
    with np.load(shared / "observatory" / "dg_session_527745328_254cells.npz") as data:
        dff, starts = together(data["dff"][:N_CELLS])
        ids = data["cell_specimen_id"][:N_CELLS]
        shown = {
            "orientation": pd.to_numeric(data["stimulus_orientation"], errors="coerce"),
            "temporal_frequency": pd.to_numeric(
                data["stimulus_temporal_frequency"], errors="coerce"
            ),
        }
    # The first trial's baseline begins with the recording here: it is left out.
    table = pd.DataFrame(shown).assign(start=starts + ONSET, end=starts + ONSET + SHOWN)[1:]
    table["blank_sweep"] = table["orientation"].isna().astype(float)
    still = np.zeros(dff.shape)
    whole = traces.events(_dff(dff, ids), genotype="Cux2-CreERT2;Camk2a-tTA;Ai93")
    return files.Session(
        demixed=1.0 + dff,
        neuropil=still,
        share=np.zeros(N_CELLS),
        dff_values=dff,
        event_values=np.asarray(whole.values, np.float32),
        tables={"drifting_gratings": table.reset_index(drop=True)},
        speed=still[0],
        time_s=_clock(dff),
        ids=ids,
        template=np.zeros((0, 16, 28), np.uint8),
    )


def _clock(dff):
    return 10.0 + np.arange(dff.shape[1]) * files.FRAME_S


def _dff(dff, ids):
    return Traces(dff, _clock(dff), ids, "dF/F")


@pytest.fixture(scope="module")
def nwb(session, tmp_path_factory):
    path = tmp_path_factory.mktemp("nwb1") / "session.nwb"
    return files.write(session, path, description="a recorded session, put together again")


def measured(nwb, out, *arguments):
    asked = ["observatory", "metrics", str(nwb), "--out", str(out), *map(str, arguments)]
    result = CliRunner().invoke(cli, asked)
    assert result.exit_code == 0, result.stderr
    return pd.read_csv(out)


def test_the_trials_are_put_together(session):
    rows = session.tables["drifting_gratings"]
    steps = np.diff(rows["start"])  # frames from one trial to the next
    assert len(rows) == 627
    assert (np.isin(steps, (90, 91))).mean() > 0.99  # all but where the three parts meet
    assert session.demixed.shape[1] > 90 * 627


def test_the_warehouses_table_is_the_librarys(session, nwb, tmp_path):
    table = measured(nwb, tmp_path / "w.csv", "--definition", "warehouse")
    alone = warehouse.drifting_gratings(
        session.traces("F"),
        session.table("drifting_gratings"),
        running=(session.speed, session.time_s),
    )
    print(table.drop(columns=["cell", "definition", "notes"]).median().round(3))
    for name in ("osi", "dsi", "g_osi", "reliability", "peak_response", "p_value"):
        np.testing.assert_allclose(table[f"{name}_dg"], alone[name], rtol=1e-9, equal_nan=True)
    assert "synthetic" not in table
    assert 0.3 < table["responsive_dg"].mean() <= 1


def test_the_papers_table_is_the_librarys(session, nwb, tmp_path):
    events = files.write_events(session, tmp_path / "events.npz")
    table = measured(nwb, tmp_path / "p.csv", "--definition", "paper2020", "--events", events)
    alone = paper2020.drifting_gratings(
        session.traces("events"), session.table("drifting_gratings")
    )
    for name in ("osi", "dsi", "preferred_direction_deg"):
        np.testing.assert_allclose(table[f"{name}_dg"], alone[name], rtol=1e-9, equal_nan=True)
    of_dff = measured(nwb, tmp_path / "w.csv")
    same = table["preferred_direction_deg_dg"] == of_dff["preferred_direction_deg_dg"]
    clear = of_dff["responsive_dg"] & (of_dff["reliability_dg"] > 0.1)
    print(f"preferred directions alike in {same[clear].mean():.2f} of {clear.sum()} cells")
    assert same[clear].mean() > 0.6
    assert table["notes"].str.contains("no spontaneous activity to compare with").all()
