"""A seventh verb: a new clip with somebody in it who is known from a clip. No torch.

    Cast(prompt="Bobo walks on a beach", characters=(Character("Bobo", "bobo.mp4", "a blue fluffy creature"),))

Two things carry a character over. The end of its clip is what the model has seen when it begins, held clean and not
delivered, so that the new clip goes on from there into whatever place the words name. And the words: its description
stands where its name does, or, if it has none and its clip is a finished `Clip` (not a file), what that was told to
show holds for what the new prompt leaves unsaid. With `kinora-small` the words carry kind and colour, and the clip
carries shape, place in the picture and its look; the first half second still shows where it was. A clip of a camera's,
without a description, carries little there. Of two characters, the model has seen the first and then the second, half
as long each.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from kinora.engine.edits.drafts import Bridge
from kinora.engine.edits.planning import Options, info_of, plan_for
from kinora.engine.edits.sources import Reader, Source
from kinora.engine.stories.story import described, mentions
from kinora.errors import InvalidRequest
from kinora.request import Limits, Real

MOST = 2
"""Characters in one clip: what the model sees at once holds half a second of each of two."""


@dataclass(frozen=True, eq=False)
class Character:
    """Somebody by name, with a clip that shows them and words that stand for them."""

    name: str
    clip: Source
    description: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Cast:
    """A clip of `prompt`, which names each of its characters as they are called."""

    verb: ClassVar[str] = "cast"
    prompt: str
    characters: tuple[Character, ...]
    seconds: Real | None = None
    options: Options = field(default_factory=Options)

    def __post_init__(self) -> None:
        if not 1 <= len(self.characters) <= MOST:
            raise InvalidRequest(f"{len(self.characters)} characters", rule=f"a clip has 1 to {MOST} of them")
        for one in self.characters:
            if not mentions(one.name, self.prompt):
                raise InvalidRequest(
                    f"character {one.name}", rule="is not in the prompt", remedy="name it there as it is called"
                )

    def draft(self, limits: Limits) -> Bridge:
        """Read the clips. The size is the one asked for, else the model's own."""
        words = described(self.prompt, {one.name: one.description for one in self.characters if one.description})
        plan = plan_for(self.options, limits, self.options.size, words, self.seconds)
        read = Reader(plan.size, limits.fps, self.options.fit, limits.max_seconds)
        given = [read.clip(one.clip) for one in self.characters]
        group = limits.grid.stride[0]
        seen = [clip.frames if len(given) == 1 else clip.frames[-2 * group :] for clip in given]
        known = [one.description or clip.prompt for one, clip in zip(self.characters, given, strict=True)]
        return Bridge(
            plan=plan,
            made=plan.frames,
            before=np.concatenate(seen),
            recalls=True,
            previous=" ".join(dict.fromkeys(text for text in known if text)),
            expand=self.options.expand,
            info=info_of(self.verb, *((one.clip, clip) for one, clip in zip(self.characters, given, strict=True))),
        )
