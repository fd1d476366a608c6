"""Columns of the Cell Types Database's tables: where each comes from, its unit and its meaning."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allentk.api import queries
from allentk.api.links import inside
from allentk.api.rma import Row
from allentk.api.tables import Field, documented

__all__ = ["CELLS", "EPHYS_FEATURES", "MODELS", "MORPHOLOGY_FEATURES", "SWEEPS"]


def _soma(row: Row) -> list[float]:
    return [
        float("nan") if row.get(f"csl__{x}") is None else float(row[f"csl__{x}"]) for x in "xyz"
    ]


def _some(key: str) -> Callable[[Row], Any]:
    """Return a function that says whether a row counts any of `key`."""

    def take(row: Row) -> bool | None:
        return None if row.get(key) is None else int(row[key]) > 0

    return take


def _has(key: str, meaning: str) -> Field:
    return Field(key, "bool", _some(key), meaning=meaning)


#: By AllenSDK's simplified names.
CELLS = {
    "id": Field("specimen__id", "id", meaning="the specimen: the cell"),
    "name": Field("specimen__name", "text", meaning="the specimen's name"),
    "species": Field("donor__species", "text", meaning="Mus musculus or Homo Sapiens"),
    "structure_area_abbrev": Field(
        "structure_parent__acronym", "text", meaning="brain area, such as VISp"
    ),
    "structure_area_id": Field("structure_parent__id", "int", meaning="id of that area"),
    "structure_layer_name": Field("structure__layer", "text", meaning="cortical layer: 1, 2/3..."),
    "structure_hemisphere": Field("specimen__hemisphere", "text", meaning="left or right"),
    "transgenic_line": Field("line_name", "text", meaning="driver line of the mouse"),
    "reporter_status": Field(
        "cell_reporter_status", "text", meaning="whether the cell showed the reporter"
    ),
    "dendrite_type": Field("tag__dendrite_type", "text", meaning="spiny, aspiny, sparsely spiny"),
    "apical": Field("tag__apical", "text", meaning="state of the apical dendrite"),
    "reconstruction_type": Field(
        "nr__reconstruction_type", "text", meaning="full or dendrite-only; missing without one"
    ),
    "disease_state": Field("donor__disease_state", "text", meaning="of a human donor"),
    "donor_id": Field("donor__id", "int", meaning="the animal or person"),
    "cell_soma_location": Field(
        "csl__x", "list", _soma, "um", "x, y, z of the soma in the common coordinate framework"
    ),
    "normalized_depth": Field(
        "csl__normalized_depth", "float", meaning="depth of the soma: 0 pia, 1 white matter"
    ),
    "has_glif": _has("m__glif", "whether there are GLIF models of it"),
    "has_biophysical": _has("m__biophys", "whether there are biophysical models of it"),
    "has_perisomatic": _has("m__biophys_perisomatic", "whether there is a perisomatic model"),
    "has_all_active": _has("m__biophys_all_active", "whether there is an all-active model"),
}

_PROTOCOLS = {
    "long_square": "long square (the rheobase sweep)",
    "ramp": "ramps",
    "short_square": "short squares",
}
_SPIKE = """
    fast_trough_t | s | time of the fast trough, of the first spike of the
    fast_trough_v | mV | voltage of the fast trough, of the first spike of the
    peak_t | s | time of the peak, of the first spike of the
    peak_v | mV | voltage of the peak, of the first spike of the
    slow_trough_t | s | time of the slow trough, of the first spike of the
    slow_trough_v | mV | voltage of the slow trough, of the first spike of the
    threshold_i | pA | current at threshold, of the first spike of the
    threshold_t | s | time of threshold, of the first spike of the
    threshold_v | mV | voltage at threshold, of the first spike of the
    trough_t | s | time of the trough, of the first spike of the
    trough_v | mV | voltage of the trough, of the first spike of the
    upstroke_downstroke_ratio | 1 | steepest rise over steepest fall, of the first spike of the
"""


def _spike_features() -> dict[str, Field]:
    return {
        f"{name}_{protocol}": Field(
            f"{name}_{protocol}", "float", unit=field.unit, meaning=f"{field.meaning} {words}"
        )
        for protocol, words in _PROTOCOLS.items()
        for name, field in documented("float", _SPIKE).items()
    }


#: The 56 published columns, in their order.
EPHYS_FEATURES = dict(
    sorted(
        {
            **documented(
                "id",
                """
                id | | the row
                specimen_id | | the cell
                """,
            ),
            **documented(
                "int",
                """
                rheobase_sweep_id | | the rheobase sweep
                rheobase_sweep_number | | its number in the recording
                thumbnail_sweep_id | | the sweep shown for the cell, also called hero sweep
                """,
            ),
            **documented(
                "bool",
                """
                has_burst | | whether the rheobase sweep begins with a burst
                has_delay | | whether its first spike comes late
                has_pause | | whether its spikes pause
                """,
            ),
            **documented(
                "float",
                """
                adaptation | 1 | mean of (next - this) / (next + this) inter-spike interval
                avg_isi | ms | mean inter-spike interval
                electrode_0_pa | pA | mean current of the electrode in the bath
                f_i_curve_slope | Hz/pA | slope of spike rate over current
                input_resistance_mohm | MOhm | resistance before the experiment
                latency | s | from the start of the rheobase step to its first spike
                ri | MOhm | input resistance from hyperpolarising long squares
                sag | 1 | (steady state - peak) / (baseline - peak) of a hyperpolarising step
                seal_gohm | GOhm | seal resistance
                tau | ms | membrane time constant
                vm_for_sag | mV | peak of the step that sag is measured on
                vrest | mV | resting potential
                """,
            ),
            **_spike_features(),
        }.items()
    )
)

SWEEPS = {
    **documented("id", "sweep_number | | its number in the recording"),
    **documented(
        "text",
        """
        stimulus_name | | kind of stimulus: Long Square, Ramp, Noise 1...
        stimulus_description | | the rig's code of the stimulus
        stimulus_units | | Amps in current clamp, Volts in voltage clamp
        """,
    ),
    **documented("int", "num_spikes | | spikes during the stimulus"),
    **documented(
        "float",
        """
        stimulus_absolute_amplitude | pA or mV | amplitude
        stimulus_relative_amplitude | 1 | amplitude over that of the rheobase
        stimulus_start_time | s | start
        stimulus_duration | s | duration
        stimulus_interval | s | between the pulses of a train
        bridge_balance_mohm | MOhm | compensated series resistance
        leak_pa | pA | holding current
        peak_deflection | mV | largest deflection of a hyperpolarising step
        pre_noise_rms_mv | mV | noise before the stimulus
        post_noise_rms_mv | mV | noise after the stimulus
        slow_noise_rms_mv | mV | slow noise before the stimulus
        pre_vm_mv | mV | voltage before the stimulus
        post_vm_mv | mV | voltage after the stimulus
        slow_vm_mv | mV | voltage before the stimulus, over a longer time
        vm_delta_mv | mV | difference of the voltages after and before
        """,
    ),
    **documented(
        "id",
        """
        id | | the sweep
        specimen_id | | the cell
        """,
    ),
}

#: The published columns of NeuronReconstruction, in alphabetical order.
MORPHOLOGY_FEATURES = dict(
    sorted(
        {
            **documented(
                "id",
                """
                id | | the reconstruction
                specimen_id | | the cell
                """,
            ),
            **documented("text", "neuron_reconstruction_type | | full or dendrite-only"),
            **documented(
                "int",
                """
                max_branch_order | | most branch points from the soma to a tip
                number_bifurcations | | nodes with two or more children, the soma too
                number_branches | | branches: stretches between branch points and tips
                number_nodes | | nodes of the SWC file
                number_stems | | children of the soma
                number_tips | | nodes without children
                """,
            ),
            **documented(
                "float",
                """
                average_bifurcation_angle_local | deg | between children next to a branch point
                average_bifurcation_angle_remote | deg | between the ends of the children
                average_contraction | 1 | straight over path length of a branch
                average_diameter | um | mean diameter
                average_fragmentation | 1 | mean number of nodes per branch
                average_parent_daughter_ratio | 1 | child's over parent's diameter
                hausdorff_dimension | 1 | fractal dimension
                max_euclidean_distance | um | farthest node from the soma, straight
                max_path_distance | um | farthest node from the soma, along the branches
                overall_depth | um | extent in z
                overall_height | um | extent in y
                overall_width | um | extent in x
                scale_factor_x | um | size of a pixel in x
                scale_factor_y | um | size of a pixel in y
                scale_factor_z | um | distance of image planes
                soma_surface | um^2 | of a sphere of the soma's radius
                total_length | um | length of all segments, those to the soma's centre too
                total_surface | um^2 | of all segments as cylinders
                total_volume | um^3 | of all segments as cylinders
                """,
            ),
        }.items()
    )
)


def _kind(row: Row) -> str | None:
    template = row.get("neuronal_model_template_id", 0)
    if template in queries.GLIF_TEMPLATES:
        return "GLIF"
    return queries.BIOPHYSICAL_TEMPLATES.get(template)


def _level(row: Row) -> int | None:
    return queries.GLIF_TEMPLATES.get(row.get("neuronal_model_template_id", 0))


def _files(row: Row) -> list[str]:
    """Return the names of a model's own files."""
    return [str(one.get("path")).rsplit("/", 1)[-1] for one in inside(row, "well_known_files")]


MODELS = {
    "id": Field("id", "id", meaning="the model"),
    "kind": Field(
        "neuronal_model_template_id",
        "text",
        _kind,
        meaning="GLIF, perisomatic or all-active; missing for templates that allentk does not know",
    ),
    "level": Field("neuronal_model_template_id", "int", _level, meaning="1 to 5, of GLIF models"),
    "template": Field("neuronal_model_template.name", "text", meaning="the template's name"),
    "template_id": Field("neuronal_model_template_id", "int", meaning="the template"),
    "name": Field("name", "text", meaning="the model's name"),
    "files": Field("well_known_files", "list", _files, meaning="names of its files"),
    "specimen_id": Field("specimen_id", "id", meaning="the cell"),
}
