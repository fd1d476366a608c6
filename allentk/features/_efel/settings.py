"""What eFEL lets its users set, under names with units."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from allentk.errors import FeatureError

__all__ = ["EfelSettings"]


@dataclass(frozen=True, slots=True)
class EfelSettings:
    """Settings of the eFEL features; the defaults are eFEL's.

    Parameters
    ----------
    down_derivative_threshold : float
        A spike has ended where dv/dt has come back to this, in mV/ms; ``DownDerivativeThreshold``.
    derivative_window : int
        Samples in a row above the derivative threshold that make a spike's begin;
        ``DerivativeWindow``.
    strict_stiminterval : bool
        Whether spikes outside the stimulus count as none.
    ignore_first_isi : bool
        Whether `ISI_values` and what comes of it leave out the first interval.
    spike_skip_fraction, max_spike_skip : float, int
        Spikes that `adaptation_index` and `ISI_log_slope_skip` leave out at the start;
        ``spike_skipf``.
    burst_factor, strict_burst_factor : float
        How much longer than the median an interval between bursts is.
    initial_fraction : float
        Part of the stimulus in which spikes are initial ones; ``initial_perc``.
    base_start_fraction, base_end_fraction : float
        Part of the time before the stimulus that is its base;
        ``voltage_base_start_perc`` and ``voltage_base_end_perc``.
    rise_start_fraction, rise_end_fraction : float
        Part of the amplitude that `AP_rise_time` spans; ``rise_start_perc`` and ``rise_end_perc``.
    slow_ahp_start_ms : float
        How long after a peak the slow AHP may begin; ``sahp_start``.
    phaseslope_samples : int
        Samples before and after a spike's begin between which `AP_phaseslope` is measured;
        ``AP_phaseslope_range``.
    depol_block_min_ms : float
        How long a block lasts at least; ``depol_block_min_duration``.
    decay_start_ms, decay_end_ms : float
        Where the decay after the stimulus is fitted; ``decay_start_after_stim`` and
        ``decay_end_after_stim``.
    stimulus_current_na : float, optional
        Current of the step in nA; without it, the sweep's `amplitude_pa`.

    Raises
    ------
    FeatureError
        Where a number is not finite, or a count is below 1.
    """

    down_derivative_threshold: float = -12.0
    derivative_window: int = 3
    strict_stiminterval: bool = False
    ignore_first_isi: bool = True
    spike_skip_fraction: float = 0.1
    max_spike_skip: int = 2
    burst_factor: float = 1.5
    strict_burst_factor: float = 2.0
    initial_fraction: float = 0.1
    base_start_fraction: float = 0.9
    base_end_fraction: float = 1.0
    rise_start_fraction: float = 0.0
    rise_end_fraction: float = 1.0
    slow_ahp_start_ms: float = 5.0
    phaseslope_samples: int = 2
    depol_block_min_ms: float = 50.0
    decay_start_ms: float = 1.0
    decay_end_ms: float = 10.0
    stimulus_current_na: float | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None and not math.isfinite(value):
                raise FeatureError(
                    f"EfelSettings: {field.name} must be finite, got {value!r}; eFEL's own is "
                    f"{field.default!r}"
                )
        for name in ("derivative_window", "phaseslope_samples"):
            if getattr(self, name) < 1:
                raise FeatureError(
                    f"EfelSettings: {name} must be at least 1, got {getattr(self, name)}"
                )
