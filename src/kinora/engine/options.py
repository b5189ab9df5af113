"""The keywords that every call of the Python API takes alike, said once: typed for editors, spelt out for help().

@takes(Sampling, Runtime)
def generate(prompt: str, *, seconds: Real | None = None, **options: Unpack[Filming]) -> Clip:
    runtime, sampling = parted(options)
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from kinora.engine.open.tiers import cache_of
from kinora.engine.runtime import Runtime, RuntimeOptions
from kinora.request import Sampled

Params = ParamSpec("Params")
Result = TypeVar("Result")


class Filming(Sampled, RuntimeOptions, total=False):
    """How to sample, and where and under whose eyes: see `request.Sampling` and `engine.runtime.Runtime`."""


def parted(options: Mapping[str, Any]) -> tuple[Runtime, dict[str, Any]]:
    """The runtime that some options say, and the rest of them, with the cache of the runtime's tier.

    Raises InvalidRequest for a tier that there isn't.
    """
    names = {one.name for one in fields(Runtime)}
    runtime = Runtime(**{name: value for name, value in options.items() if name in names})
    rest = {name: value for name, value in options.items() if name not in names}
    return runtime, {"cache": cache_of(runtime.tier), **rest}


def takes(*kinds: type, **said: str) -> Callable[[Callable[Params, Result]], Callable[Params, Result]]:
    """Spell out a function's `**options` in its signature: the fields of some dataclasses, with their defaults.

    help() and notebooks then show each of them, and a name that there isn't is a TypeError, as for any function. `said`
    are annotations where the function takes more than the dataclass does.
    """

    def spell(function: Callable[Params, Result]) -> Callable[Params, Result]:
        plain = inspect.signature(function)
        *own, _options = plain.parameters.values()
        shared = [
            inspect.Parameter(
                one.name, inspect.Parameter.KEYWORD_ONLY, default=one.default, annotation=said.get(one.name, one.type)
            )
            for kind in kinds
            for one in fields(kind)
        ]
        spelt = plain.replace(parameters=[*own, *shared])

        @wraps(function)
        def called(*args: Params.args, **named: Params.kwargs) -> Result:
            try:
                spelt.bind(*args, **named)
            except TypeError as error:
                raise TypeError(f"{function.__name__}() {error}") from None
            return function(*args, **named)

        called.__signature__ = spelt  # type: ignore[attr-defined]
        return called

    return spell
