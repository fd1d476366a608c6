"""Networks that several tests look at."""

import pytest

from allentk.network import Network, recipes


@pytest.fixture(scope="session")
def layer4_network() -> Network:
    """The layer 4 model at a scale of 0.02."""
    return recipes.layer4(scale=0.02)
