"""Engines and metrics take a stimulus with movies like any table of presentations."""

import numpy as np
import pandas as pd

from allentk.models import GLIFParameters
from allentk.network import Network, Population, Projection, Receptor, visual
from allentk.network.lgn import LGN
from allentk.responses import trial_responses
from allentk.simulation import simulate

CELL = GLIFParameters(level=1, C_pf=60, R_mohm=170, E_L_mv=-70, th_inf_mv=25, t_ref_s=0.003)


def test_cells_answer_to_the_images_that_their_lgn_likes():
    n = 60
    lgn = LGN(np.zeros(n), np.zeros(n), np.ones(n), np.full(n, 2))
    source = Population("lgn", (), lgn.nodes(), lgn)
    cells = Population("exc", (CELL,), pd.DataFrame(index=range(2)))
    pairs = np.arange(2 * n)
    excitation = Receptor(tau_s=0.005, sign=1)
    wires = Projection.from_edges(
        "lgn", "exc", pairs % n, pairs // n, 40.0, 0.001, excitation, n_targets=2
    )
    screen = visual.Screen(12.0, 12.0, 0.5)
    images = np.array([-1.0, 1.0])[:, None, None] * np.ones((2, 25, 25))
    shown = visual.natural_scenes(
        images, screen.x_deg, screen.y_deg, n_repeats=4, gap_s=0.25, seed=1
    )
    response = simulate(Network([source, cells], [wires]), shown, seed=2)
    assert response.presentations is shown
    rates = trial_responses(response.spikes["exc"], shown)
    frame = shown.table["frame"].to_numpy()
    assert rates[:, frame == 1].mean() > 2 * rates[:, frame == 0].mean() + 1
