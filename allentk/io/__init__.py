"""Files to values and back; the only door to HDF5.

SI numbers and frame indices end here: what comes out is in s, mV, pA, um, MOhm and pF.
"""

from allentk.io.allen_manifest import ModelFiles, find_model
from allentk.io.allen_models import biophysical_config, read_biophysical, write_biophysical
from allentk.io.behavior_nwb import BehaviorSession, read_behavior_session
from allentk.io.biophysical_folder import read_biophysical_model, write_biophysical_model
from allentk.io.ecephys_nwb import EcephysSession, read_ecephys_session
from allentk.io.glif_config import glif_config, read_glif, write_glif
from allentk.io.glif_nest import nest_parameters, nest_refusals
from allentk.io.glif_sonata import write_sonata_component
from allentk.io.lfp_nwb import ProbeLFP, read_probe_lfp
from allentk.io.markers import read_markers
from allentk.io.nwb import read_nwb
from allentk.io.nwb_writer import write_nwb
from allentk.io.observatory_analysis import SessionAnalysis, read_analysis
from allentk.io.observatory_events import read_events
from allentk.io.observatory_nwb import OphysSession, read_ophys_session
from allentk.io.ophys_nwb2 import OphysExperiment, read_ophys_experiment
from allentk.io.remote import RangedFile
from allentk.io.sessions import read_session
from allentk.io.swc import read_swc, write_swc
from allentk.io.unit_quality import passing

__all__ = [
    "BehaviorSession",
    "EcephysSession",
    "ModelFiles",
    "OphysExperiment",
    "OphysSession",
    "ProbeLFP",
    "RangedFile",
    "SessionAnalysis",
    "biophysical_config",
    "find_model",
    "glif_config",
    "nest_parameters",
    "nest_refusals",
    "passing",
    "read_analysis",
    "read_behavior_session",
    "read_biophysical",
    "read_biophysical_model",
    "read_ecephys_session",
    "read_events",
    "read_glif",
    "read_markers",
    "read_nwb",
    "read_ophys_experiment",
    "read_ophys_session",
    "read_probe_lfp",
    "read_session",
    "read_swc",
    "write_biophysical",
    "write_biophysical_model",
    "write_glif",
    "write_nwb",
    "write_sonata_component",
    "write_swc",
]
