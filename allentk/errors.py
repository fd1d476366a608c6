"""Every error allentk raises on purpose.

::

    AllenTKError
    ├── OfflineError        nothing may be, or could be, fetched; says which file and how to get it
    ├── ServiceError        a server answered with an error, or with something that is no answer
    ├── IntegrityError      bytes that are not the bytes they should be
    ├── FormatError         a file whose content is not what its format promises
    ├── DataError           a value that cannot be what it says it is
    ├── FeatureError        a feature that cannot be measured on this sweep
    ├── FitError            a model that cannot be fitted to these sweeps
    ├── SimulationError     a simulation that cannot start or cannot go on
    ├── ConfigError         a setting that makes no sense
    ├── NotFittedError      an estimator asked before ``fit``
    └── MissingExtraError   an optional package that is not installed

A message says what happened, where, what was expected, what was found, and the next step.
"""

from __future__ import annotations

__all__ = [
    "AllenTKError",
    "ConfigError",
    "DataError",
    "FeatureError",
    "FitError",
    "FormatError",
    "IntegrityError",
    "MissingExtraError",
    "NotFittedError",
    "OfflineError",
    "ServiceError",
    "SimulationError",
]


class AllenTKError(Exception):
    """Any error that allentk raises on purpose."""


class OfflineError(AllenTKError, ConnectionError):
    """Something is not in the cache and may not, or could not, be fetched."""


class ServiceError(AllenTKError):
    """A server answered with an error, or with something that is no answer."""


class IntegrityError(AllenTKError):
    """Bytes that are not the bytes they should be: wrong size, hash or format."""


class FormatError(AllenTKError, ValueError):
    """A file whose content is not what its format promises."""


class DataError(AllenTKError, ValueError):
    """A value that cannot be what it says it is, such as a sweep with unequal lengths."""


class FeatureError(AllenTKError, ValueError):
    """A feature that cannot be measured on this sweep."""


class FitError(AllenTKError, ValueError):
    """A model that cannot be fitted to these sweeps."""


class SimulationError(AllenTKError, RuntimeError):
    """A simulation that cannot start or cannot go on."""


class ConfigError(AllenTKError, ValueError):
    """A setting that makes no sense."""


class NotFittedError(AllenTKError, ValueError, AttributeError):
    """An estimator asked for a result before ``fit``."""


class MissingExtraError(AllenTKError, ImportError):
    """An optional package that is not installed.

    Examples
    --------
    >>> str(MissingExtraError.for_extra("nest", "the NEST engine"))
    'the NEST engine needs an optional package: pip install "allentk[nest]"'
    """

    @classmethod
    def for_extra(cls, extra: str, what: str) -> MissingExtraError:
        """Build the error for `what`, which needs the extra named `extra`."""
        return cls(f'{what} needs an optional package: pip install "allentk[{extra}]"')
