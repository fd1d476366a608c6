"""Which of the published models NEST would refuse."""

import pandas as pd
import pytest

from allentk.errors import SimulationError
from allentk.io.glif_nest import nest_parameters, nest_refusals
from allentk.models import GLIFParameters


def cell_of(row):
    """A mouse cell of the table of all levels, which is in SI units."""
    values = {
        "level": row.level,
        "C_pf": row.C * 1e12,
        "R_mohm": row.R_input * 1e-6,
        "E_L_mv": row.El_reference * 1e3,
        "th_inf_mv": row.th_inf * row.coeff_th_inf * 1e3,
        "t_ref_s": row.spike_cut_length * row.dt,
    }
    if row.level >= 3:
        values["asc_amp_pa"] = (row.asc_amp_1 * 1e12, row.asc_amp_2 * 1e12)
        values["asc_tau_s"] = (row.asc_tau_1, row.asc_tau_2)
    if row.level in (2, 4, 5):
        values |= {"reset_a": row.v_reset_a, "reset_b_mv": row.v_reset_b * 1e3}
        values |= {"th_spike_a_mv": row.a_spike * 1e3, "th_spike_b_per_s": row.b_spike}
    if row.level == 5:
        values |= {"th_voltage_a_per_s": row.a_voltage, "th_voltage_b_per_s": row.b_voltage}
    return GLIFParameters(**values)


@pytest.fixture(scope="module")
def mouse(shared):
    table = pd.read_csv(shared / "models" / "glif" / "teeter2018_all_levels.csv")
    return [cell_of(row) for row in table[table["species"] == "mouse"].itertuples()]


@pytest.mark.parametrize(
    ("level", "models", "refused"),
    [(1, 645, 0), (2, 254, 34), (3, 645, 0), (4, 254, 34), (5, 253, 34)],
)
def test_published_models_that_nest_refuses(mouse, level, models, refused):
    cells = [cell for cell in mouse if cell.level == level]
    reasons = [nest_refusals(cell) for cell in cells]
    assert len(cells) == models
    assert sum("voltage_reset_fraction" in " ".join(said) for said in reasons) == refused
    for cell, said in zip(cells, reasons, strict=True):
        if said:
            with pytest.raises(SimulationError, match="would refuse"):
                nest_parameters(cell)
        else:
            assert nest_parameters(cell)["C_m"] == cell.C_pf
