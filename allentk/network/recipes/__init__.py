"""Recipes: functions that build a whole network from a table of published numbers.

A recipe and its module have one name, so they are imported here and not on first use.
"""

from allentk.network.recipes.full_scale import compare_with_full_scale
from allentk.network.recipes.layer4 import layer4
from allentk.network.recipes.layer4_degrees import layer4_in_degrees
from allentk.network.recipes.layer4_protocol import layer4_protocol
from allentk.network.recipes.patch import patch
from allentk.network.recipes.published_cells import published_cells
from allentk.network.recipes.tutorial8 import tutorial8
from allentk.network.recipes.v1 import v1, v1_in_degrees

__all__ = [
    "compare_with_full_scale",
    "layer4",
    "layer4_in_degrees",
    "layer4_protocol",
    "patch",
    "published_cells",
    "tutorial8",
    "v1",
    "v1_in_degrees",
]
