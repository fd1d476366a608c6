"""Demixing: light of pixels that lie in several masks, shared out frame by frame."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from allentk.data import Traces
from allentk.errors import DataError
from allentk.responses.definition import chosen
from allentk.responses.traces.checks import given, made
from allentk.responses.traces.quirks import QUIRKS

__all__ = ["demix"]

Array = NDArray[np.float64]
_BLOCK_VALUES = 2**23  # pixels of the movie, or pairs of cells, held at once


def demix(
    traces: Traces, movie: Any, masks: ArrayLike, *, quirks: str | Iterable[str] = ()
) -> Traces:
    """Return the traces that overlapping masks would have had each for itself.

    Parameters
    ----------
    traces : Traces
        Mean of the movie in every mask, of unit ``"F"``.
    movie : array_like, shape (n_frames, height, width)
        The movie; what can be cut by frames, such as a data set of HDF5, is read in blocks.
    masks : array_like of bool, shape (n_cells, height, width)
        Pixels of every cell.
    quirks : str or iterable of str
        ``"zero_frame"``, or ``"published"``.

    Returns
    -------
    Traces
        Of unit ``"F"``, in double precision. Where a trace is zero, that cell and those whose masks hang
        together with its own are NaN in that frame, with one warning.

    Raises
    ------
    DataError
        Where shapes do not fit, or a mask is empty.

    Notes
    -----
    With the sum S_ij of a frame over the pixels that masks i and j share, and n_i pixels in mask i, the
    demixed d solve sum_j S_ij / F_j d_j = n_i F_i (AllenSDK ``brain_observatory.demixer``). Masks fall into
    groups that hang together; each is solved for itself.

    Examples
    --------
    >>> masks = np.array([[[1, 1, 0, 0]], [[0, 0, 1, 1]]], dtype=bool)
    >>> movie = np.arange(1.0, 9.0).reshape(2, 1, 4)
    >>> means = np.array([[1.5, 5.5], [3.5, 7.5]])
    >>> demix(Traces(means, [0, 1], [1, 2], "F"), movie, masks).values.tolist()
    [[1.5, 5.5], [3.5, 7.5]]
    """
    traces = given(traces, "F", "demix")
    published = "zero_frame" in chosen(quirks, QUIRKS)
    layout = _layout(np.asarray(masks), traces, movie)
    n_frames = traces.time_s.size
    out = np.empty(traces.values.shape)
    step = max(_BLOCK_VALUES // max(layout.n_pixels, traces.n_cells**2, 1), 1)
    for first in range(0, n_frames, step):
        part = slice(first, min(first + step, n_frames))
        pixels = np.asarray(movie[part]).reshape(part.stop - first, layout.n_pixels)
        out[:, part] = _demixed(layout, traces.values[:, part].astype(float), pixels)
    _settle_zeros(traces, out, published)
    return made(out, traces, "F")


@dataclass(frozen=True, slots=True)
class _Layout:
    """Masks as pixels, and the pairs of masks that share some."""

    n_pixels: int
    size: Array  # pixels of every mask
    inside: NDArray[np.int64]  # pixels that are in any mask
    pairs: NDArray[np.int64]  # (n_pairs, 2), first <= second
    shared: sparse.csr_matrix  # (n_pairs, inside.size)
    group: NDArray[np.int64]  # of every mask


def _layout(masks: NDArray[Any], traces: Traces, movie: Any) -> _Layout:
    shape = np.shape(movie)
    if masks.ndim != 3 or len(shape) != 3 or masks.shape[1:] != shape[1:]:
        raise DataError(
            f"demix: masks must have shape (cells, height, width) and the movie (frames, height, width), "
            f"got {masks.shape} and {shape}"
        )
    if (masks.shape[0], shape[0]) != traces.values.shape:
        raise DataError(
            f"demix: {masks.shape[0]} masks and {shape[0]} frames of the movie do not fit traces of "
            f"shape {traces.values.shape}"
        )
    flat = (masks != 0).reshape(masks.shape[0], masks.shape[1] * masks.shape[2])
    size = flat.sum(axis=1).astype(float)
    if (size == 0).any():
        raise DataError(f"demix: the mask of cell {traces.ids[int((size == 0).argmax())]} is empty")
    inside = np.flatnonzero(flat.any(axis=0))
    member = sparse.csr_matrix(flat[:, inside].astype(float))
    overlap = sparse.coo_matrix(sparse.triu(member @ member.T))
    pairs = np.column_stack([overlap.row, overlap.col]).astype(np.int64)
    shared = sparse.csr_matrix(member[pairs[:, 0]].multiply(member[pairs[:, 1]]))
    _, group = connected_components(overlap, directed=False)
    return _Layout(flat.shape[1], size, inside, pairs, shared, group.astype(np.int64))


def _demixed(layout: _Layout, raw: Array, pixels: NDArray[Any]) -> Array:
    """Demix a block of frames; NaN where a trace of the group is zero."""
    sums = layout.shared @ pixels[:, layout.inside].astype(float).T
    out = raw.copy()
    order = np.argsort(layout.group, kind="stable")
    starts = np.flatnonzero(np.diff(layout.group[order], prepend=-1))
    pair_group = layout.group[layout.pairs[:, 0]]
    for cells in np.split(order, starts[1:]):
        of = pair_group == layout.group[cells[0]] if cells.size else np.zeros(0, bool)
        out[cells] = _solved(layout, cells, raw[cells], layout.pairs[of], sums[of])
    return out


def _solved(
    layout: _Layout, cells: NDArray[np.int64], raw: Array, pairs: NDArray[np.int64], sums: Array
) -> Array:
    """Solve one group in all frames."""
    n_frames = raw.shape[1]
    place = {int(cell): i for i, cell in enumerate(cells)}
    overlap = np.zeros((n_frames, cells.size, cells.size))
    for (i, j), total in zip(pairs, sums, strict=True):
        overlap[:, place[int(i)], place[int(j)]] = total
        overlap[:, place[int(j)], place[int(i)]] = total
    good = (raw != 0).all(axis=0) & np.isfinite(raw).all(axis=0)
    out = np.full(raw.shape, np.nan)
    matrix = overlap[good] / raw.T[good][:, None, :]
    wanted = (raw * layout.size[cells, None]).T[good]
    out[:, good] = _solve(matrix, wanted).T
    return out


def _solve(matrix: Array, wanted: Array) -> Array:
    """Solve many small systems; one that is singular by least squares."""
    try:
        solved = np.linalg.solve(matrix, wanted[..., None])[..., 0]
    except np.linalg.LinAlgError:
        singly = [np.linalg.lstsq(a, b, rcond=None)[0] for a, b in zip(matrix, wanted, strict=True)]
        solved = np.array(singly)
    return np.asarray(solved, dtype=float)


def _settle_zeros(traces: Traces, out: Array, published: bool) -> None:
    """Zero whole frames as published, or warn of what is not known."""
    zero = (traces.values == 0).any(axis=0)
    if published:
        out[:, zero] = 0.0
    elif zero.any():
        warnings.warn(
            f"demix: in {int(zero.sum())} frames, the first {int(zero.argmax())}, a trace is zero; cells "
            f"whose masks hang together with it are NaN there",
            UserWarning,
            stacklevel=3,
        )
