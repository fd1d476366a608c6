"""What cells can be run together by NEURON."""

from __future__ import annotations

from allentk.errors import SimulationError
from allentk.network import Network, PoissonInput, Projection
from allentk.simulation.network_request import cells_of

__all__ = ["check_points", "temperature"]

#: Where no cell has channels, nothing depends on it.
CELSIUS = 34.0


def temperature(network: Network) -> float:
    """Return the temperature of all cells, degrees Celsius.

    Raises
    ------
    SimulationError
        Where models are of different ones.
    """
    found = {
        model.parameters.celsius: population.name
        for population in cells_of(network)
        for model in population.compartmental_models
    }
    if len(found) > 1:
        raise SimulationError(
            f"all cells of a network have one temperature; got {found} (degrees: population)"
        )
    return next(iter(found), CELSIUS)


def check_points(network: Network) -> None:
    """Refuse point neurons that are not run from event to event: other levels, and currents.

    Raises
    ------
    SimulationError
        On a model of another level or with a threshold below its rest, and on what brings currents.
    """
    points = {p.name: p for p in cells_of(network) if not p.compartmental}
    for name, population in points.items():
        for index, model in enumerate(population.point_models):
            if model.level != 1:
                raise SimulationError(
                    f"the NEURON engine runs point neurons of GLIF level 1 that are reached by jumps; "
                    f"model {index} of {name!r} is level {model.level}: {_INSTEAD}"
                )
            if model.th_inf_mv < 0:
                raise SimulationError(
                    f"model {index} of {name!r} has a threshold of {model.th_inf_mv:g} mV, below its rest: "
                    f"it would fire without end"
                )
    for projection in network.projections:
        if isinstance(projection, Projection):
            raise SimulationError(
                f"{projection!r} brings currents, and the NEURON engine moves the point neurons of "
                f"{projection.target!r} by jumps: make it a JumpProjection; or {_INSTEAD}"
            )
    for entry in network.background:
        if isinstance(entry, PoissonInput):
            raise SimulationError(
                f"{entry!r} brings currents, and the NEURON engine moves point neurons by jumps: give the "
                f"spikes by a virtual population and a JumpProjection; or {_INSTEAD}"
            )
    for clamp in network.currents:
        if clamp.target in points:
            raise SimulationError(
                f"{clamp!r}: the NEURON engine injects no current into point neurons; {_INSTEAD}"
            )


_INSTEAD = (
    "run these cells by backend='glif', and give their spikes here by a virtual population with a Replay "
    "as its source"
)
