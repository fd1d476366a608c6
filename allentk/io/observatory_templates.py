"""What was on the monitor: the images, movies and noise patterns that a session's file keeps."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import Any

import h5py
from numpy.typing import NDArray

from allentk.errors import DataError
from allentk.io.hdf5 import member, numeric, open_hdf5
from allentk.io.observatory_layout import WHAT

__all__ = ["StimulusTemplate", "stimulus_template", "template_names"]

_FOLDER = "stimulus/templates"
_SUFFIX = "_image_stack"


@dataclass(frozen=True, slots=True, repr=False)
class StimulusTemplate:
    """The frames of a stimulus, read one at a time when they are asked for.

    ``template[frame]`` is the image of a row of the stimulus table whose `frame` it is; ``len`` is
    the number of frames.

    Parameters
    ----------
    path : str
        The session's file.
    name : str
        Name of the stimulus.
    shape : tuple of int
        Frames, height, width; in pixels of the stimulus.
    """

    path: str
    name: str
    shape: tuple[int, int, int]

    def __getitem__(self, frame: Any) -> NDArray[Any]:
        """Return one frame, shape ``(height, width)``; gray values 0 (black) to 255 (white).

        Raises
        ------
        DataError
            Where there is no such frame; -1 stands for a blank sweep, which is no image.
        FormatError
            Where the file can no longer be read.
        """
        number = self._number(frame)
        with open_hdf5(self.path, WHAT) as file:
            image: NDArray[Any] = _stack(file, self.name, self.path)[number]
        return image

    def read(self) -> NDArray[Any]:
        """Return all frames, shape ``(frames, height, width)``; a movie takes hundreds of MB.

        Raises
        ------
        FormatError
            Where the file can no longer be read.
        """
        with open_hdf5(self.path, WHAT) as file:
            images: NDArray[Any] = _stack(file, self.name, self.path)[()]
        return images

    def _number(self, frame: Any) -> int:
        try:
            number = int(frame) if float(frame).is_integer() else operator.index(frame)
        except (TypeError, ValueError, OverflowError) as error:
            raise DataError(
                f"{self.path}: {self.name}: a frame is a whole number, got {frame!r}"
            ) from error
        if number == -1:
            raise DataError(
                f"{self.path}: {self.name}: frame -1 is a blank sweep: the monitor was gray"
            )
        if not 0 <= number < len(self):
            raise DataError(
                f"{self.path}: {self.name}: there are frames 0 to {len(self) - 1}, got {number}"
            )
        return number

    def __len__(self) -> int:
        return self.shape[0]

    def __repr__(self) -> str:
        n_frames, height, width = self.shape
        return f"<StimulusTemplate {self.name}: {n_frames} frames of {height} x {width}>"


def template_names(file: h5py.File) -> list[str]:
    """Return the names of the stimuli whose frames a file keeps."""
    folder = member(file, _FOLDER)
    names = list(folder) if isinstance(folder, h5py.Group) else []
    return sorted(name.removesuffix(_SUFFIX) for name in names)


def stimulus_template(path: str, name: str) -> StimulusTemplate:
    """Return the frames of a stimulus, to be read when they are asked for.

    Parameters
    ----------
    path : str
        The session's file.
    name : str
        Name of the stimulus, such as ``"natural_scenes"``.

    Raises
    ------
    DataError
        Where the file keeps no frames of it; names the stimuli whose frames it keeps. Gratings have
        none: they are described by their parameters.
    FormatError
        Where the frames are no stack of images.
    """
    with open_hdf5(path, WHAT) as file:
        names = template_names(file)
        if name not in names:
            raise DataError(
                f"{path}: no frames of {name!r} in this session; there are those of "
                f"{', '.join(names) or 'no stimulus'}. Gratings have none, only parameters: "
                f"stimulus_table({name!r})"
            )
        shape = _stack(file, name, path).shape
    return StimulusTemplate(path, name, shape)


def _stack(file: h5py.File, name: str, where: str) -> h5py.Dataset:
    place = f"{_FOLDER}/{name}"
    if member(file, f"{place}{_SUFFIX}") is not None:
        place += _SUFFIX
    return numeric(file, f"{place}/data", where, ndim=3)
