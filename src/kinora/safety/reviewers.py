"""Reviewers by name: the built-in one, and those that need a package, a model or a server.

    reviewer("built-in")
    reviewer("nudenet")                                                        # pip install 'kinora[nudenet]'
    reviewer({"kind": "classifier", "model": "some/model", "labels": {"nsfw": "sexual"}})        # 'kinora[review]'
    reviewer({"kind": "zero-shot", "model": "openai/clip-vit-base-patch32", "categories": {"gore": ["a wound"]}})
    reviewer({"kind": "moderation", "url": "https://api.openai.com/v1", "model": "omni-moderation-latest"})

What is asked for and can't be had raises: a policy never gets weaker because something is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from kinora.errors import InvalidRequest, Unavailable

if TYPE_CHECKING:
    from kinora.safety.frames import Reviewer


def reviewer(asked: str | Mapping[str, Any]) -> Reviewer:
    """Make the reviewer that a policy asks for by its kind, or by a table with `kind` and that kind's settings.

    Raises InvalidRequest for an unknown kind or setting, Unavailable when its package, model or key is missing.
    """
    table = {"kind": asked} if isinstance(asked, str) else dict(asked)
    kind = table.pop("kind", None)
    if kind not in KINDS:
        raise InvalidRequest(f"reviewer {kind!r}", rule=f"there are {', '.join(KINDS)}")
    try:
        return KINDS[kind](**table)
    except TypeError as error:
        raise InvalidRequest(f"reviewer {kind!r}", rule=f"its settings don't fit ({error})") from error


def need(module: str, *, extra: str, reason: str) -> Any:
    """Import a package that is not part of every installation.

    Raises Unavailable with the way to get it.
    """
    try:
        return import_module(module)
    except ImportError as error:
        remedy = f"pip install 'kinora[{extra}]', or take it out of the policy's reviewers"
        raise Unavailable(reason, rule=f"needs the package {module}", remedy=remedy) from error


def _built_in() -> Reviewer:
    from kinora.safety.frames import BuiltIn

    return BuiltIn()


def _nudenet(**settings: Any) -> Reviewer:
    from kinora.safety.reviewers_nudenet import NudeNetReviewer

    return NudeNetReviewer(**settings)


def _classifier(**settings: Any) -> Reviewer:
    from kinora.safety.reviewers_models import Classifier

    return Classifier(**settings)


def _zero_shot(**settings: Any) -> Reviewer:
    from kinora.safety.reviewers_models import ZeroShot

    return ZeroShot(**settings)


def _moderation(**settings: Any) -> Reviewer:
    from kinora.safety.reviewers_moderation import Moderation

    return Moderation(**settings)


KINDS: dict[str, Callable[..., Reviewer]] = {
    "built-in": _built_in,
    "nudenet": _nudenet,
    "classifier": _classifier,
    "zero-shot": _zero_shot,
    "moderation": _moderation,
}
