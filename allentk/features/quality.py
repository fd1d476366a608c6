"""Whether a recording, and each of its sweeps, is good enough to be used: values, limits, reasons."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING

from allentk.data import Sweep, SweepSet
from allentk.errors import AllenTKError, FeatureError
from allentk.features.quality_cell import judge_cell
from allentk.features.quality_limits import Judgement, QualityLimits
from allentk.features.quality_sweep import integrity, judge_sweep, kind_of
from allentk.progress import track

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "QUALITY_COLUMNS",
    "QualityLimits",
    "failed_sweeps",
    "passed",
    "quality",
    "sweep_quality",
]

#: Columns of a quality table, in order.
QUALITY_COLUMNS = ("number", "criterion", "value", "unit", "low", "high", "passed", "reason")

_LEFT_OUT = ("test", "search")


def quality(
    sweeps: SweepSet, *, limits: QualityLimits | None = None, progress: bool | None = None
) -> pd.DataFrame:
    """Judge a recording as the Cell Types Database does, and say why.

    Parameters
    ----------
    sweeps : SweepSet
        The recording. Its sweeps in current clamp are judged, but for those named ``Test`` and
        ``Search``. The seal, the access and the electrode are measured in the last sweep of the codes
        ``EXTPCllATT``, ``EXTPBREAKN``, ``EXTPINBATH`` and ``EXTPBLWOUT``; where that cannot be done,
        ``seal_gohm``, ``initial_access_resistance_mohm``, ``input_resistance_mohm`` and
        ``electrode_0_pa`` of ``sweeps.metadata`` count.
    limits : QualityLimits, optional
        What is good.
    progress : bool, optional
        True or False shows or hides a progress bar; by default it shows only on a terminal.

    Returns
    -------
    DataFrame
        One row per sweep and criterion: `QUALITY_COLUMNS`. `number` is missing in the rows about the
        recording as a whole, which come last. `passed` is missing where a criterion does not count,
        such as the return to rest after a ramp. A sweep that cannot be judged has instead a row
        ``integrity`` for every reason why.

    Notes
    -----
    Noise is the standard deviation of the voltage over the first 1.5 ms of the 0.5 s before the
    stimulus, over these 0.5 s but for their last sample, and over the last 1.5 ms of the recording.
    The test epoch, the test pulse and as much after it as was before it, is left out of these. A seal
    that is missing fails, as published; a missing blow-out passes.

    References
    ----------
    Allen Cell Types Database, Electrophysiology: "Ephys QC Criteria v1.1".

    Examples
    --------
    >>> table = quality(SweepSet([]))
    >>> table[table.criterion == "seal_gohm"].reason.item()
    'no voltage-clamp sweep of EXTPCllATT'
    >>> passed(table)
    False
    """
    used = QualityLimits() if limits is None else limits
    rows: list[Judgement] = []
    listed = [
        int(row["number"])
        for row in sweeps.table.to_dict("records")
        if row["clamp"] == "current" and kind_of(row["stimulus"], row["code"]) not in _LEFT_OUT
    ]
    for number in track(listed, "Judging sweeps", progress=progress):
        try:
            sweep = sweeps.sweep(number)
        except AllenTKError as error:
            rows.append(integrity(number, f"the sweep cannot be read: {error}"))
        else:
            rows.extend(judge_sweep(sweep, used))
    return _table([*rows, *judge_cell(sweeps, used)])


def sweep_quality(sweep: Sweep, *, limits: QualityLimits | None = None) -> pd.DataFrame:
    """Judge one current-clamp sweep, whatever its stimulus; see `quality`.

    Parameters
    ----------
    sweep : Sweep
        The sweep.
    limits : QualityLimits, optional
        What is good.

    Returns
    -------
    DataFrame
        `QUALITY_COLUMNS`; one row per criterion, or one per reason why it cannot be judged.

    Raises
    ------
    FeatureError
        On a voltage-clamp sweep.

    Examples
    --------
    >>> sweep_quality(Sweep([-70.0] * 5000, [0.0] * 5000, 5_000.0)).criterion.tolist()
    ['integrity', 'integrity']
    """
    if sweep.clamp == "voltage":
        raise FeatureError(
            f"{sweep.label}: the quality of a sweep is judged in current clamp, this one was "
            f"recorded in voltage clamp; features.quality(sweeps) uses it for the whole recording"
        )
    return _table(judge_sweep(sweep, QualityLimits() if limits is None else limits))


def failed_sweeps(table: pd.DataFrame) -> list[int]:
    """Return the numbers of the sweeps that fail a criterion, in the order of a quality table."""
    failed = table.number[table.number.notna() & ~table.passed.fillna(True).astype(bool)]
    return [int(number) for number in failed.unique()]


def passed(table: pd.DataFrame) -> bool:
    """Return whether a quality table speaks for its recording.

    It does where nothing about the recording as a whole fails and at least one sweep passes.
    """
    about_all = table.passed[table.number.isna()]
    judged = {int(number) for number in table.number.dropna()}
    return bool(about_all.fillna(True).all()) and bool(judged - set(failed_sweeps(table)))


def _table(rows: Iterable[Judgement]) -> pd.DataFrame:
    import pandas as pd

    table = pd.DataFrame([asdict(row) for row in rows], columns=list(QUALITY_COLUMNS))
    types = {"number": "Int64", "passed": "boolean"} | dict.fromkeys(
        ("value", "low", "high"), float
    )
    return table.astype(types)
