"""What the synthetic cells are: published parameters, with their source.

GLIF parameters are those of models of mouse primary visual cortex in the Allen Cell Types Database
(Teeter et al. 2018, Nature Communications 9:709; the threshold coefficient is applied, the
refractory time is spike_cut_length x 5e-5 s). The conductance-based cell has the equations of Wang
and Buzsaki 1996, Journal of Neuroscience 16:6402, for 10,000 um2 of membrane.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from allentk.models import GLIFParameters

__all__ = ["CELLS", "SEED", "Cell"]

#: Seed of the whole cassette.
SEED = 20261124


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One synthetic cell.

    ``truth`` is what the recording is simulated from (None: conductance-based); ``published`` are the
    configurations the cassette offers as the service's own models, by level.
    """

    specimen_id: int
    name: str
    line: str
    layer: str
    dendrite_type: str
    rheobase_pa: float
    truth: GLIFParameters | None
    published: dict[int, GLIFParameters] = field(default_factory=dict)
    rise_ms: float = 0.35
    fall_ms: float = 1.0
    peak_mv: float = 32.0
    n_dendrites: int = 5
    has_apical: bool = True


def _glif_cell(
    specimen_id: int,
    line: str,
    model_of: int,
    *,
    C: float,
    R: tuple[float, float],
    E_L: float,
    th: tuple[float, float],
    t_ref_ms: float,
    amp: tuple[float, float],
    tau: tuple[float, float],
    dendrite_type: str = "spiny",
    rise_ms: float = 0.35,
    fall_ms: float = 1.0,
    peak_mv: float = 32.0,
) -> Cell:
    """Build a cell from the published models of `model_of`; pairs are (level 1, level 3)."""
    source = f"Teeter et al. 2018, models of specimen {model_of} ({line})"
    one, three = (
        GLIFParameters(
            level=level,
            C_pf=C,
            R_mohm=R[i],
            E_L_mv=E_L,
            th_inf_mv=th[i],
            t_ref_s=t_ref_ms * 1e-3,
            source=source,
            asc_amp_pa=amp if level == 3 else (),
            asc_tau_s=tau if level == 3 else (),
        )
        for i, level in enumerate((1, 3))
    )
    return Cell(
        specimen_id=specimen_id,
        name=f"SYNTHETIC-{line}-{specimen_id}",
        line=line,
        layer="4",
        dendrite_type=dendrite_type,
        rheobase_pa=three.rheobase_pa,
        truth=three,
        published={1: one, 3: three},
        rise_ms=rise_ms,
        fall_ms=fall_ms,
        peak_mv=peak_mv,
        n_dendrites=5 if dendrite_type == "spiny" else 4,
        has_apical=dendrite_type == "spiny",
    )


#: The cells of the demo. Ids beyond 9e8 belong to no real specimen.
CELLS = (
    _glif_cell(
        900000001,
        "Scnn1a-Tg3-Cre",
        476263004,
        C=86.22,
        R=(162.72, 159.52),
        E_L=-77.05,
        th=(41.53, 28.44),
        t_ref_ms=3.65,
        amp=(-10.949, -67.863),
        tau=(1 / 3, 1 / 30),
    ),
    _glif_cell(
        900000002,
        "Rorb-IRES2-Cre-D",
        478586425,
        C=82.35,
        R=(142.91, 161.25),
        E_L=-76.93,
        th=(36.96, 31.50),
        t_ref_ms=3.65,
        amp=(-4.511, -232.723),
        tau=(1 / 3, 1 / 100),
        peak_mv=38.0,
    ),
    _glif_cell(
        900000003,
        "Nr5a1-Cre",
        483027960,
        C=80.82,
        R=(188.12, 189.09),
        E_L=-70.92,
        th=(31.05, 24.60),
        t_ref_ms=2.75,
        amp=(-7.541, -103.647),
        tau=(1 / 3, 1 / 100),
        peak_mv=28.0,
        fall_ms=0.85,
    ),
    _glif_cell(
        900000004,
        "Pvalb-IRES-Cre",
        471087830,
        C=49.66,
        R=(141.18, 145.75),
        E_L=-76.43,
        th=(31.66, 27.36),
        t_ref_ms=1.65,
        amp=(-1.269, -6.818),
        tau=(1 / 3, 1 / 30),
        dendrite_type="aspiny",
        rise_ms=0.25,
        fall_ms=0.45,
        peak_mv=18.0,
    ),
    Cell(
        specimen_id=900000005,
        name="SYNTHETIC-Pvalb-IRES-Cre-900000005",
        line="Pvalb-IRES-Cre",
        layer="4",
        dendrite_type="aspiny",
        rheobase_pa=25.0,
        truth=None,
        n_dendrites=4,
        has_apical=False,
    ),
)
