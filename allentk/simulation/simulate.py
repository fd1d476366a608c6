"""One function that runs whatever can be run."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Literal, overload

from numpy.typing import ArrayLike

from allentk.data import NetworkResponse, Response, Stimulus, StimulusTable
from allentk.errors import SimulationError
from allentk.models import GLIFParameters

if TYPE_CHECKING:
    from allentk.network import Network

__all__ = ["BACKENDS", "simulate"]

#: The engines there are; "auto" takes the one that fits the model.
BACKENDS = ("auto", "glif")


@overload
def simulate(
    model: GLIFParameters,
    stimulus: Stimulus | ArrayLike,
    *,
    dt_s: float | None = ...,
    sampling_rate_hz: float | None = ...,
    backend: str = ...,
    compatibility: Literal["allensdk"] | None = ...,
    interpolate: bool | None = ...,
    throw: bool | None = ...,
    record: Collection[str] = ...,
    seed: int | None = ...,
    progress: bool | None = ...,
) -> Response: ...


@overload
def simulate(
    model: Network,
    stimulus: StimulusTable,
    *,
    dt_s: float | None = ...,
    sampling_rate_hz: float | None = ...,
    backend: str = ...,
    compatibility: Literal["allensdk"] | None = ...,
    interpolate: bool | None = ...,
    throw: bool | None = ...,
    record: Collection[str] = ...,
    seed: int | None = ...,
    progress: bool | None = ...,
) -> NetworkResponse: ...


def simulate(
    model: GLIFParameters | Network,
    stimulus: Stimulus | ArrayLike | StimulusTable,
    *,
    dt_s: float | None = None,
    sampling_rate_hz: float | None = None,
    backend: str = "auto",
    compatibility: Literal["allensdk"] | None = None,
    interpolate: bool | None = None,
    throw: bool | None = None,
    record: Collection[str] = ("spikes",),
    seed: int | None = None,
    progress: bool | None = None,
) -> Response | NetworkResponse:
    """Run a cell model on a current, or a network on what it looks at.

    Parameters
    ----------
    model : GLIFParameters or Network
        What to run.
    stimulus : Stimulus, array_like or StimulusTable
        A current for a cell (an array is in pA), presentations for a network.
    dt_s : float, optional
        Time step in seconds: 5e-5 for a cell, 1e-4 for a network where not given.
    sampling_rate_hz : float, optional
        Samples per second of a current given as an array.
    backend : {"auto", "glif"}
        The engine.
    compatibility : {"allensdk"}, optional
        Run a cell as AllenSDK runs the published models (forward Euler).
    interpolate : bool, optional
        A cell's spike times within the crossing step; its end where not given.
    throw : bool, optional
        Whether a cell that starts again above its threshold is an error, as it is where not given;
        otherwise the response says so in its ``reason``.
    record : str or collection of str
        What to keep besides spikes; see ``simulate_glif`` and ``simulate_network``.
    seed : int, optional
        Draws a network's input; a cell model draws nothing.
    progress : bool, optional
        Show a progress bar; by default on a terminal.

    Returns
    -------
    Response or NetworkResponse

    Raises
    ------
    SimulationError
        On an unknown model or engine, a stimulus that does not fit the model, or an option that means
        nothing to it.

    Examples
    --------
    >>> from allentk.data import LongSquare
    >>> cell = GLIFParameters(level=1, C_pf=100, R_mohm=200, E_L_mv=-70, th_inf_mv=20, t_ref_s=3e-3)
    >>> simulate(cell, LongSquare(amplitude_pa=150))
    <Response: 40 spikes in 2.52 s>
    """
    if backend not in BACKENDS:
        raise SimulationError(f"no engine {backend!r}; there are {', '.join(BACKENDS)}")
    if isinstance(model, GLIFParameters):
        if isinstance(stimulus, StimulusTable):
            raise SimulationError("a cell takes a current, not presentations; build a network")
        from allentk.simulation.glif import simulate_glif

        return simulate_glif(
            model,
            stimulus,
            dt_s=dt_s,
            sampling_rate_hz=sampling_rate_hz,
            compatibility=compatibility,
            interpolate=bool(interpolate),
            throw=throw is not False,
            record=record,
        )
    of_a_cell = {
        "sampling_rate_hz": sampling_rate_hz,
        "compatibility": compatibility,
        "interpolate": interpolate,
        "throw": throw,
    }
    for name, value in of_a_cell.items():
        if value is not None:
            raise SimulationError(f"{name} is an option for a cell on a current, got {value!r}")
    return _network(model, stimulus, dt_s=dt_s, record=record, seed=seed, progress=progress)


def _network(
    model: object,
    stimulus: object,
    *,
    dt_s: float | None,
    record: Collection[str],
    seed: int | None,
    progress: bool | None,
) -> NetworkResponse:
    from allentk.network import Network
    from allentk.simulation.network_engine import simulate_network

    if not isinstance(model, Network):
        raise SimulationError(
            f"cannot run a {type(model).__name__}; expected GLIFParameters or a Network"
        )
    if not isinstance(stimulus, StimulusTable):
        raise SimulationError(
            f"a network takes a StimulusTable, got {type(stimulus).__name__}; make one with "
            f"allentk.visual.drifting_gratings()"
        )
    return simulate_network(
        model,
        stimulus,
        dt_s=1e-4 if dt_s is None else dt_s,
        record=(record,) if isinstance(record, str) else record,
        seed=0 if seed is None else seed,
        progress=progress,
    )
