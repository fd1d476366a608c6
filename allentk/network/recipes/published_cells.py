"""Published GLIF cells that stand in for the cells of a model's populations."""

from __future__ import annotations

from functools import cache

from allentk.errors import DataError
from allentk.models import GLIFParameters
from allentk.network.recipes.v1_tables import read_table

__all__ = ["PUBLISHED_LINES", "published_cells"]

_SOURCE = "Teeter et al. 2018, Nature Communications 9:709; specimen {}, GLIF level 3"

#: Cre lines with published cells.
PUBLISHED_LINES = (
    "Cux2",
    "Nr5a1",
    "Rorb",
    "Scnn1a",
    "Rbp4",
    "Ntsr1",
    "Pvalb",
    "Sst",
    "Htr3a",
    "Vip",
)


@cache
def published_cells(lines: str) -> tuple[GLIFParameters, ...]:
    """Return three cells of a Cre line, or of several joined by ``+``.

    They are those nearest to the median of their line among the better half by explained variance, of
    level 3 (leaky integrate and fire with after-spike currents).

    Parameters
    ----------
    lines : str
        Some of ``PUBLISHED_LINES``.

    Raises
    ------
    DataError
        On another line.

    References
    ----------
    Teeter et al. 2018, Nature Communications 9:709; Allen Cell Types Database.

    Examples
    --------
    >>> [round(cell.C_pf) for cell in published_cells("Pvalb")]
    [50, 53, 63]
    """
    table = read_table("published_cells.csv")
    wanted = lines.split("+")
    unknown = [line for line in wanted if line not in PUBLISHED_LINES]
    if unknown:
        raise DataError(
            f"published_cells: no cell of line {unknown[0]!r}; there are {', '.join(PUBLISHED_LINES)}"
        )
    return tuple(
        GLIFParameters(
            level=3,
            C_pf=row.C_pf,
            R_mohm=row.R_mohm,
            E_L_mv=row.E_L_mv,
            th_inf_mv=row.th_inf_mv,
            t_ref_s=row.t_ref_ms / 1e3,
            asc_amp_pa=(row.asc_amp_1_pa, row.asc_amp_2_pa),
            asc_tau_s=(row.asc_tau_1_ms / 1e3, row.asc_tau_2_ms / 1e3),
            source=_SOURCE.format(row.specimen_id),
        )
        for line in wanted
        for row in table[table["line"] == line].itertuples()
    )
