"""Networks built from fitted cells."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from allentk.errors import DataError
from allentk.models import GLIFParameters
from allentk.network.inputs import PoissonInput
from allentk.network.keys import check_seed
from allentk.network.lgn import LGN
from allentk.network.mean_field import Membranes, ShotNoise, background_rates_hz
from allentk.network.network import Network
from allentk.network.patch_numbers import (
    AFFERENT,
    BACKGROUND,
    DENSITY_PER_MM2,
    EXC,
    EXCITATORY_SHARE,
    LGN_NAME,
    LGN_PITCH_DEG,
    PV,
    RECURRENT,
)
from allentk.network.population import Population
from allentk.network.positions import Column
from allentk.network.projection import Projection
from allentk.network.receptive_fields import (
    Fields,
    elongated_fields,
    lgn_grid,
    reach_deg,
    round_fields,
)
from allentk.network.visual_field import V1_DEG_PER_UM
from allentk.network.wiring import afferent, recurrent

__all__ = ["patch"]

Array = NDArray[np.float64]


def patch(
    excitatory: Sequence[GLIFParameters],
    inhibitory: Sequence[GLIFParameters],
    *,
    n_cells: int = 1200,
    seed: int = 0,
) -> Network:
    """Build a patch of layer 4 of mouse visual cortex that looks at the world through an LGN.

    Four fifths of the cells are excitatory (``"L4 Exc"``), the others PV cells (``"L4 PV"``), spread evenly
    in a disc. Excitatory cells prefer a direction of motion by their LGN input and are connected like to
    like; PV cells listen to a round field and to everyone around. Every cell gets background of its own.

    Parameters
    ----------
    excitatory, inhibitory : sequence of GLIFParameters
        Models, of any level; every one is given to an equal share of its class.
    n_cells : int
        Cells in all, at least 20. The disc grows with it; the constants were set at 1200.
    seed : int
        Draws everything that is random.

    Returns
    -------
    Network
        Populations ``"L4 Exc"``, ``"L4 PV"`` and ``"LGN"`` (virtual).

    Raises
    ------
    DataError
        Without a model of a class, on a model whose threshold is not above rest, on too few cells, or a
        seed that is no integer of 0 or more.

    Notes
    -----
    Weights are relative to the cell that receives them (see ``network.wiring``), so any fitted cells fit
    in. Spontaneous rates are set and not predicted: the rate of a cell's background is solved for in closed
    form (see ``network.mean_field``), such that the cell would fire at a rate drawn from the spread of the
    recorded cells. What gratings do to the network follows from the wiring. The constants in
    ``network.patch_numbers`` were chosen with the demo's cells, over many seeds.

    References
    ----------
    Arkhipov et al. 2018, PLoS Computational Biology 14:e1006535; Billeh et al. 2020, Neuron 106:388.

    Examples
    --------
    >>> cell = GLIFParameters(level=1, C_pf=60, R_mohm=170, E_L_mv=-70, th_inf_mv=25, t_ref_s=0.003)
    >>> [population.name for population in patch([cell], [cell], n_cells=50).populations]
    ['L4 Exc', 'L4 PV', 'LGN']
    """
    _check(excitatory, inhibitory, n_cells)
    check_seed("patch", seed)
    places, grid, *inputs, rest = map(np.random.default_rng, np.random.SeedSequence(seed).spawn(5))
    cells = _cells({EXC: excitatory, PV: inhibitory}, n_cells, places, seed)
    membranes = {
        name: Membranes.of(p.point_models, p.nodes["model"].to_numpy()) for name, p in cells.items()
    }
    lgn, fields = _lgn(cells, grid)
    source = Population(LGN_NAME, (), lgn.nodes(), lgn)
    parts: dict[str, list[tuple[Projection, ShotNoise]]] = {name: [] for name in cells}
    for (name, target), rng in zip(cells.items(), inputs, strict=True):
        rule, of = AFFERENT[name], membranes[name]
        parts[name].append(
            afferent(source, target, fields[name], rule, of, lgn.spontaneous_hz, rng)
        )
    for (pre, post), recurrence in RECURRENT.items():
        rate = BACKGROUND[pre].mean_hz
        parts[post].append(
            recurrent(cells[pre], cells[post], recurrence, membranes[post], rate, seed)
        )
    noise = {name: [noise for _, noise in of] for name, of in parts.items()}
    return Network(
        (*cells.values(), source),
        tuple(projection for of in parts.values() for projection, _ in of),
        tuple(_background(name, membranes[name], noise[name], rest) for name in cells),
        name=f"layer 4 patch, {n_cells} cells, seed {seed}",
    )


def _check(
    excitatory: Sequence[GLIFParameters], inhibitory: Sequence[GLIFParameters], n_cells: int
) -> None:
    for name, models in (("excitatory", excitatory), ("inhibitory", inhibitory)):
        if not models:
            raise DataError(f"patch: no {name} model; give at least one GLIFParameters")
        for number, model in enumerate(models):
            if not model.th_inf_mv > 0:
                raise DataError(
                    f"patch: {name} model {number} ({model.source or 'no source'}) has its threshold at "
                    f"{model.th_inf_mv} mV from rest; weights are relative to it, so it must be above"
                )
    if n_cells < 20:
        raise DataError(f"patch: n_cells must be at least 20, got {n_cells}")


def _cells(
    models: Mapping[str, Sequence[GLIFParameters]],
    n_cells: int,
    rng: np.random.Generator,
    seed: int,
) -> dict[str, Population]:
    """Place the cells, and map their positions to the visual field."""
    n_exc = round(EXCITATORY_SHARE * n_cells)
    disc = Column(math.sqrt(n_cells / DENSITY_PER_MM2 / math.pi) * 1e3, (0.0, 0.0))
    made = {}
    for name, n in ((EXC, n_exc), (PV, n_cells - n_exc)):
        places = disc.place(n, rng)[:, :2]
        x_deg, y_deg = (places * V1_DEG_PER_UM).T
        made[name] = Population.from_models(
            name,
            models[name],
            positions=places,
            tuning="even" if name == EXC else np.full(n, np.nan),
            columns={"x_deg": x_deg, "y_deg": y_deg},
            seed=seed,
        )
    return made


def _lgn(cells: dict[str, Population], rng: np.random.Generator) -> tuple[LGN, dict[str, Fields]]:
    """Lay LGN cells over all receptive fields, and choose every cell's."""
    places = {name: p.nodes[["x_deg", "y_deg"]].to_numpy(float) for name, p in cells.items()}
    half = np.abs(np.concatenate(list(places.values()))).max(axis=0) + reach_deg()
    lgn = lgn_grid(float(half[0]), float(half[1]), pitch_deg=LGN_PITCH_DEG, rng=rng)
    preferred = cells[EXC].nodes["tuning_angle_deg"].to_numpy(float)
    return lgn, {
        EXC: elongated_fields(lgn, places[EXC], preferred, rng=rng),
        PV: round_fields(lgn, places[PV], rng=rng),
    }


def _background(
    name: str, cells: Membranes, noise: Sequence[ShotNoise], rng: np.random.Generator
) -> PoissonInput:
    """Return the background at which every cell fires at a rate of its own."""
    rule = BACKGROUND[name]
    wanted = rule.median_hz * rng.lognormal(0.0, rule.spread, cells.tau_s.size)
    weights = rule.weight * cells.unit_weight_pa(rule.receptor)
    one = ShotNoise.of(cells, rule.receptor, weights)
    others = ShotNoise.total(noise)
    return PoissonInput(
        name, background_rates_hz(cells, one, others, wanted), weights, rule.receptor
    )
