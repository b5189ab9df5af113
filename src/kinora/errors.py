"""Every error Kinora raises on purpose.

    KinoraError
    ├── UserError            the request can't be met as asked; the command exits with code 2
    │   ├── InvalidRequest   a value breaks a rule (prompt, size, seconds, steps, ...)
    │   ├── UnknownModel     no model of that name, and no such directory
    │   ├── BadInputFile     a file to read is missing, empty or not what it claims to be
    │   ├── CorruptWeights   a weights file is missing, truncated or fails its checksum
    │   ├── OutputError      a file can't be written: place, extension, permission, full disk
    │   └── Refused          the guard said no; `categories` says to which rule
    ├── SigningFailed        a file could not be signed, so it was not written
    └── Unavailable          this machine lacks something optional: an extra, OpenGL, a GPU

A message names the value, the rule and the remedy, in that order:

>>> str(InvalidRequest("113x200", rule="sides must be multiples of 16", remedy="nearest: 112x208"))
'113x200: sides must be multiples of 16; nearest: 112x208'

Broken invariants inside Kinora are assertions, not members of this tree.
"""

# ruff: noqa: N818 - the names are read at `except`, where "Refused" says more than "RefusedError".

from __future__ import annotations


class KinoraError(Exception):
    """Root of the tree: `except KinoraError` catches what Kinora means to report and no bug."""

    def __init__(self, value: object, *, rule: str = "", remedy: str = "") -> None:
        self.value = str(value)
        self.rule = rule
        self.remedy = remedy
        super().__init__(self._message())

    def _message(self) -> str:
        message = f"{self.value}: {self.rule}" if self.rule else self.value
        return f"{message}; {self.remedy}" if self.remedy else message


class UserError(KinoraError):
    """The caller can put it right by asking for something else."""


class InvalidRequest(UserError):
    """A value in the request breaks a rule."""


class UnknownModel(UserError):
    """Neither a model in the catalogue nor a model directory."""


class BadInputFile(UserError):
    """A file to be read is missing, empty or not what it claims to be."""


class CorruptWeights(UserError):
    """A weights file is missing, truncated, or not the one its checksum names."""


class OutputError(UserError):
    """A file can't be written where or as asked."""


class Refused(UserError):
    """The guard refused the prompt or a frame.

    `categories` holds the policy's own names ("minors", "violence", ...), for logs and the API.
    """

    def __init__(self, value: object, *, rule: str = "", remedy: str = "", categories: tuple[str, ...] = ()) -> None:
        super().__init__(value, rule=rule, remedy=remedy)
        self.categories = categories


class SigningFailed(KinoraError):
    """Content Credentials could not be added: nothing leaves unsigned in silence."""


class Unavailable(KinoraError):
    """This machine lacks something optional that the request needs."""
