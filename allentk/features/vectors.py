"""A cell in feature vectors, as the Allen Institute's cell types are clustered by."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from allentk.data import SweepSet
from allentk.errors import AllenTKError, FeatureError
from allentk.features.chirp import impedance
from allentk.features.definition import Definition, checked
from allentk.features.vector_ap import ramp_ap, rheobase_ap, short_square_ap
from allentk.features.vector_layout import (
    AP_SAMPLES,
    SPIKING,
    VECTOR_SHAPES,
    FeatureVectors,
    shapes,
)
from allentk.features.vector_spiking import (
    inst_freq,
    isi_shape,
    isi_step,
    over_levels,
    psth,
    spike_feature,
)
from allentk.features.vector_steps import Step, long_squares
from allentk.features.vector_subthreshold import (
    step_subthresh,
    subthresh_depol_norm,
    subthresh_norm,
)

__all__ = ["VECTOR_SHAPES", "FeatureVectors", "vectors"]

Array = NDArray[np.float64]


def vectors(
    sweeps: SweepSet, *, chirp: bool = True, definition: Definition = "allen"
) -> FeatureVectors:
    """Measure the feature vectors of a cell.

    Parameters
    ----------
    sweeps : SweepSet
        The recording. Long squares, short squares, ramps and chirps are used, by the stimulus name
        that the table gives them; amplitudes are nominal or, where not known, measured.
    chirp : bool
        Whether to add ``chirp``.
    definition : {"allen", "allentk"}
        Whose rules the spikes follow; ``"allentk"`` changes ``spiking_threshold_v``, ``spiking_width`` and
        ``isi_shape``.

    Returns
    -------
    FeatureVectors
        Name of `VECTOR_SHAPES` to a float array of that many parts times bins; a mapping. What cannot
        be made is NaN, with the reason in ``errors``; sweeps that could not be measured are left out,
        with the reason in ``failed``.

    Raises
    ------
    FeatureError
        Where no vector can be made.

    Notes
    -----
    ========================== =====================================================================
    ``step_subthresh``         mV at -90, -70, -50, -30, -10 pA (5 pA off at most); missing ones are
                               scaled from their neighbours
    ``subthresh_norm``         response nearest to -101 pA, 0 at baseline and -1 at its peak
    ``subthresh_depol_norm``   largest depolarising response without a spike, 0 at baseline and 1 at
                               the steady state of the last 100 ms
    ``isi_shape``              mV above threshold between the spikes of the lowest step with 5 spikes
    ``first_ap_v``             mV, 3 ms at 50 kHz from the first threshold of short squares, of the
                               rheobase step, of ramps
    ``first_ap_dv``            differences between neighbours in each part of it
    ``psth``, ``inst_freq``    Hz at rheobase + 0, 20, 40, 60, 80, 100 pA; missing amplitudes are
                               interpolated, fewer than two are an error
    ``spiking_*``              spike features at the same amplitudes: V/V, mV, or s for the width
    ``chirp``                  amplitude in GOhm, then phase in rad; see ``impedance``
    ========================== =====================================================================

    Subthreshold voltages are means of 10 ms from 0.2 s before to 0.2 s after the step, rates and spike
    features of 20 ms, ``psth`` of 50 ms, over the step. Vectors of steps that do not last 1 s are
    longer or shorter than `VECTOR_SHAPES` says, but the bins are the same; the last bin may reach past
    the end of the step. Bins are counted in samples, so that a step of 1 s always has 50. Sampling
    rates that are a multiple of 50 kHz are averaged to it for ``first_ap_*``, others interpolated
    linearly. Spikes of long squares peak at -25 mV or more, those of the others at -30 mV. Short squares
    are looked at until 50 ms after the pulse, thresholds in the first 0.2 ms of it do not count.

    References
    ----------
    Gouwens et al. 2019, Nature Neuroscience 22:1182; Gouwens et al. 2020, Cell 183:935.

    Examples
    --------
    >>> from allentk.data import Sweep
    >>> on = np.repeat([0.0, 1.0, 0.0], [10_000, 50_000, 10_000])
    >>> step = Sweep(-70 - 9 * on, -90 * on, 5e4, stimulus="Long Square", start_s=0.2, stop_s=1.2)
    >>> vectors(SweepSet([step]))["step_subthresh"][20:23].tolist()
    [-79.0, -79.0, -79.0]
    """
    failed: dict[int, str] = {}
    errors: dict[str, str] = {}
    steps = long_squares(sweeps, failed, checked(definition))
    arrays = {name: np.full(n * m, np.nan) for name, (n, m) in _lengths(steps).items()}
    for name, make in _makers(sweeps, steps).items():
        _put(arrays, errors, name, make)
    _action_potentials(arrays, errors, sweeps, steps, failed)
    if chirp:
        arrays["chirp"] = np.full(int(np.prod(VECTOR_SHAPES["chirp"])), np.nan)
        _put(arrays, errors, "chirp", lambda: _chirp(sweeps, failed))
    if all(np.isnan(values).all() for values in arrays.values()):
        first = f"; first sweep left out: {next(iter(failed.values()))}" if failed else ""
        raise FeatureError(
            f"{sweeps.source or 'recording'}: no feature vector can be made; there are "
            f"{sorted(set(sweeps.table['stimulus']))}, and it takes long squares, short squares, "
            f"ramps or chirps with their stimulus window{first}"
        )
    for values in arrays.values():
        values.flags.writeable = False
    return FeatureVectors(arrays, errors, dict(sorted(failed.items())))


def _lengths(steps: list[Step]) -> dict[str, tuple[int, int]]:
    return shapes(steps[0].duration_s if steps else 1.0)


def _put(
    arrays: dict[str, Array], errors: dict[str, str], name: str, make: Callable[[], Array]
) -> None:
    try:
        arrays[name] = make()
    except AllenTKError as error:
        errors[name] = str(error)


def _makers(sweeps: SweepSet, steps: list[Step]) -> dict[str, Callable[[], Array]]:
    def shape() -> Array:
        step = isi_step(steps)
        return isi_shape(sweeps.sweep(step.number), step)

    per_level: dict[str, Callable[[Step], Array | None]] = {
        "psth": psth,
        "inst_freq": inst_freq,
        **{f"spiking_{name}": partial(spike_feature, column=name) for name in SPIKING},
    }
    return {
        "step_subthresh": partial(step_subthresh, steps),
        "subthresh_norm": partial(subthresh_norm, steps),
        "subthresh_depol_norm": partial(subthresh_depol_norm, steps),
        "isi_shape": shape,
        **{name: partial(over_levels, steps, vector) for name, vector in per_level.items()},
    }


def _action_potentials(
    arrays: dict[str, Array],
    errors: dict[str, str],
    sweeps: SweepSet,
    steps: list[Step],
    failed: dict[int, str],
) -> None:
    """Fill in ``first_ap_v`` and ``first_ap_dv``; the part of a protocol that is missing stays NaN."""
    parts: dict[str, Callable[[], Array]] = {
        "short square": partial(short_square_ap, sweeps, failed),
        "long square": partial(rheobase_ap, sweeps, steps),
        "ramp": partial(ramp_ap, sweeps, failed),
    }
    held: dict[str, Array] = {}
    lacking: dict[str, str] = {}
    for protocol, make in parts.items():
        held[protocol] = np.full(AP_SAMPLES, np.nan)
        _put(held, lacking, protocol, make)
    voltage = np.array(list(held.values()))
    arrays["first_ap_v"] = voltage.ravel()
    arrays["first_ap_dv"] = np.diff(voltage, axis=1).ravel()
    if lacking:
        why = "; ".join(f"{protocol}: {reason}" for protocol, reason in lacking.items())
        errors.update(first_ap_v=why, first_ap_dv=why)


def _chirp(sweeps: SweepSet, failed: dict[int, str]) -> Array:
    measured = impedance(sweeps)
    failed.update(measured.failed)
    return measured.vector
