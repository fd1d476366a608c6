"""The names of eFEL for the voltage without spikes."""

from __future__ import annotations

from allentk.features._efel import decays
from allentk.features._efel import subthreshold as sub
from allentk.features._efel.parts import Feature

__all__ = ["SUBTHRESHOLD"]

SUBTHRESHOLD: dict[str, Feature] = {
    "voltage_base": Feature(
        sub.voltage_base, "mV", "mean voltage of the last tenth of the time before the stimulus"
    ),
    "current_base": Feature(
        sub.current_base, "nA", "mean current of the last tenth of the time before the stimulus"
    ),
    "steady_state_voltage": Feature(
        sub.steady_state,
        "mV",
        "mean voltage after the stimulus",
        "None where nothing follows the stimulus: eFEL gives NaN",
    ),
    "steady_state_voltage_stimend": Feature(
        sub.steady_voltage, "mV", "mean voltage of the last tenth of the stimulus"
    ),
    "steady_state_current_stimend": Feature(
        sub.steady_current, "nA", "mean current of the last tenth of the stimulus"
    ),
    "steady_state_hyper": Feature(
        sub.steady_hyper,
        "mV",
        "mean voltage of 30 samples, the last 5 before the end of the stimulus",
    ),
    "voltage_after_stim": Feature(
        sub.voltage_after, "mV", "mean voltage of the middle half of the time after the stimulus"
    ),
    "minimum_voltage": Feature(sub.smallest_voltage, "mV", "smallest voltage of the stimulus"),
    "maximum_voltage": Feature(sub.largest_voltage, "mV", "largest voltage of the stimulus"),
    "maximum_voltage_from_voltagebase": Feature(
        sub.largest_voltage_from_base, "mV", "maximum_voltage less voltage_base"
    ),
    "voltage_deflection": Feature(
        sub.deflection,
        "mV",
        "mean of samples 9 to 5 before the end of the stimulus less the mean of all before it",
        "measured as well where the stimulus ends with the sweep: eFEL gives None",
    ),
    "voltage_deflection_begin": Feature(
        sub.deflection_begin,
        "mV",
        "mean from 5 to 15 % of the stimulus less the mean of all before it",
    ),
    "voltage_deflection_vb_ssse": Feature(
        sub.deflection_from_base, "mV", "steady_state_voltage_stimend less voltage_base"
    ),
    "ohmic_input_resistance": Feature(
        sub.resistance,
        "MOhm",
        "voltage_deflection over the current of the step",
        "as voltage_deflection; the current is amplitude_pa of the sweep where settings do not say it",
    ),
    "ohmic_input_resistance_vb_ssse": Feature(
        sub.resistance_from_base,
        "MOhm",
        "voltage_deflection_vb_ssse over the current of the step",
        "the current is amplitude_pa of the sweep where settings do not say it",
    ),
    "sag_amplitude": Feature(
        sub.sag_amplitude,
        "mV",
        "steady_state_voltage_stimend less minimum_voltage; None where the step goes up",
    ),
    "sag_ratio1": Feature(sub.sag_ratio1, "1", "sag_amplitude / (voltage_base - minimum_voltage)"),
    "sag_ratio2": Feature(
        sub.sag_ratio2,
        "1",
        "(voltage_base - steady_state_voltage_stimend) / (voltage_base - minimum_voltage)",
    ),
    "sag_time_constant": Feature(
        decays.sag,
        "ms",
        "exponential from the smallest voltage of the stimulus to a tenth of the sag below the steady "
        "state; 10 samples at least",
        "from the first of several equal minima",
    ),
    "time_constant": Feature(
        decays.membrane,
        "ms",
        "exponential with an offset from where the voltage falls faster than 5 mV/s, in the first half of "
        "the stimulus, to where it does no longer over 70 ms",
        "the offset is found to rounding, eFEL's search stops earlier: 0.1 % in the median, more in noise",
    ),
    "decay_time_constant_after_stim": Feature(
        decays.after_stimulus,
        "ms",
        "exponential towards the voltage at the start of the stimulus, from 1 to 10 ms after its end",
        "None where a sample meets the voltage at the start: eFEL gives NaN",
    ),
    "depol_block_bool": Feature(
        sub.block,
        "1",
        "1 where for more than 50 ms the voltage stays above the mean of AP_begin_voltage after the "
        "start of the stimulus, or below -75 mV in it; 0 otherwise, and without begins",
    ),
}
