"""Files to values and back; the only door to HDF5.

SI numbers and frame indices end here: what comes out is in s, mV, pA, um, MOhm and pF.
"""

from allentk.io.glif_config import glif_config, read_glif, write_glif
from allentk.io.nwb import read_nwb
from allentk.io.observatory_nwb import OphysSession, read_session
from allentk.io.swc import read_swc, write_swc

__all__ = [
    "OphysSession",
    "glif_config",
    "read_glif",
    "read_nwb",
    "read_session",
    "read_swc",
    "write_glif",
    "write_swc",
]
