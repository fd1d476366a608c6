"""Estimators in the manner of scikit-learn, by duck typing: parameters are the arguments of the class."""

from __future__ import annotations

import inspect
from typing import Any, Self

from allentk.data._html import card, facts
from allentk.errors import ConfigError

__all__ = ["Parametrised"]


class Parametrised:
    """Give an estimator ``get_params``, ``set_params`` and what scikit-learn asks of one.

    The parameters are the arguments of ``__init__``, which stores each under its own name.
    """

    @classmethod
    def _names(cls) -> list[str]:
        return [name for name in inspect.signature(cls.__init__).parameters if name != "self"]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters given; `deep` is there for scikit-learn."""
        return {name: getattr(self, name) for name in self._names()}

    def set_params(self, **params: Any) -> Self:
        """Set parameters by name.

        Raises
        ------
        ConfigError
            On an unknown name.
        """
        for name, value in params.items():
            if name not in self._names():
                raise ConfigError(
                    f"{type(self).__name__} has no parameter {name!r}; it has {self._names()}"
                )
            setattr(self, name, value)
        return self

    def _repr_html_(self) -> str:
        """Return the parameters and, of one that has fitted, the result."""
        found = getattr(self, "result_", None)
        told = facts(self.get_params())
        return card(self, told, found._repr_html_() if found is not None else "")

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn what this is; only scikit-learn asks."""
        from sklearn.utils import Tags, TargetTags

        return Tags(estimator_type="regressor", target_tags=TargetTags(required=False))
