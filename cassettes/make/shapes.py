"""Measures of the synthetic reconstructions, by the service's own definitions.

They were told from published reconstructions and their published measures, which come out equal; what
could not be told (``average_diameter``, angles and others) is null.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from allentk.data import Morphology

__all__ = ["morphology_features"]

#: Size of a voxel of the database's images in um.
SCALE_UM = (0.1144, 0.1144, 0.28)
UNKNOWN = (
    "average_bifurcation_angle_local average_bifurcation_angle_remote average_contraction "
    "average_diameter average_fragmentation average_parent_daughter_ratio hausdorff_dimension "
    "max_branch_order"
)


def morphology_features(
    specimen_id: int, reconstruction_id: int, cell: Morphology
) -> dict[str, Any]:
    """Return the row of NeuronReconstruction of a reconstruction whose soma is one node."""
    parent, root = cell.parent, cell.root
    n_children = np.bincount(parent[parent >= 0], minlength=cell.n_nodes)
    length = cell.segment_length_um
    path = np.zeros(cell.n_nodes)
    for node in range(cell.n_nodes):  # a parent stands before its children
        if parent[node] >= 0:
            path[node] = path[parent[node]] + length[node]
    from_soma = np.linalg.norm(cell.xyz_um - cell.xyz_um[root], axis=1)
    extent = np.ptp(cell.xyz_um, axis=0)
    n_tips = int((n_children == 0).sum())
    n_bifurcations = int((n_children >= 2).sum())
    return {
        **dict.fromkeys(UNKNOWN.split()),
        "id": reconstruction_id,
        "specimen_id": specimen_id,
        "neuron_reconstruction_type": "full",
        "tags": "SYNTHETIC",
        "number_nodes": cell.n_nodes,
        "number_stems": int(n_children[root]),
        "number_bifurcations": n_bifurcations,
        "number_tips": n_tips,
        "number_branches": n_bifurcations - int(n_children[root] >= 2) + n_tips,
        "max_euclidean_distance": from_soma.max(),
        "max_path_distance": path.max(),
        "overall_width": extent[0],
        "overall_height": extent[1],
        "overall_depth": extent[2],
        "soma_surface": 4 * math.pi * cell.radius_um[root] ** 2,
        "total_length": length.sum(),
        "total_surface": 2 * math.pi * (cell.radius_um * length).sum(),
        "total_volume": math.pi * (cell.radius_um**2 * length).sum(),
        **{f"scale_factor_{axis}": size for axis, size in zip("xyz", SCALE_UM, strict=True)},
    }
