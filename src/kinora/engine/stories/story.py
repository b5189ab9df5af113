"""Several shots in a row: what is asked of each, who is in them, and what holds from one to the next. No torch.

    story = story_from_prompt("A red ball bounces on a beach. Cut to a forest at night. Then it rolls to the left.")
    story = read_story("story.yaml")                       # kinora.engine.stories.storyboard
    for event in tell(engine, story): ...                  # kinora.engine.stories.telling

A character is a name with a description. The description stands wherever the name does, so that a model reads the same
subject, colour and size in every shot. Setting, light and style hold until a shot says otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from kinora.errors import InvalidRequest, KinoraError
from kinora.grid import Size
from kinora.media.fit import Fit
from kinora.request import Limits, Plan, Real, Sampling, Shot


@dataclass(frozen=True, kw_only=True)
class Card:
    """One shot of a story.

    `seconds` None takes the model's own default. `camera`, `setting`, `light` and `style` are said besides the prompt,
    the last three until another card says otherwise. The shot opens on `image`, or on the frames of `clip` and goes on
    from them. `where` says where the card stands in a file, for errors.
    """

    prompt: str
    seconds: Real | None = None
    camera: str = ""
    setting: str = ""
    light: str = ""
    style: str = ""
    image: Path | None = None
    clip: Path | None = None
    where: str = field(default="", compare=False)


@dataclass(frozen=True, kw_only=True)
class Story(Sampling):
    """Cards and what they share, how they are sampled too.

    same_noise: every shot of a character starts from the noise of the first one. It makes pictures of one character
    likelier to be alike, and shots of different places likelier to be framed alike, which is why it is off by default.
    """

    cards: tuple[Card, ...]
    characters: Mapping[str, str] = field(default_factory=dict)
    same_noise: bool = False
    fit: Fit = "cover"
    size: Size | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.cards:
            raise InvalidRequest("a story without shots", rule="it has at least one", remedy="say what happens first")
        for card, where in zip(self.cards, self.places, strict=True):
            with located(where):
                if card.image is not None and card.clip is not None:
                    raise InvalidRequest(
                        "image and clip", rule="a shot opens on one of them", remedy="leave one of them out"
                    )
                Shot(card.prompt, seconds=card.seconds)
        for name, description in self.characters.items():
            if not name.strip():
                raise InvalidRequest("a character without a name", rule="stands for nobody", remedy="name them")
            if not description.strip():
                raise InvalidRequest(
                    f"character {name}", rule="has no description", remedy='for example "a blue fluffy creature"'
                )
            if not any(mentions(name, card.prompt) for card in self.cards):
                raise InvalidRequest(
                    f"character {name}", rule="is in no shot's prompt", remedy="name it there, or leave it out here"
                )

    @property
    def places(self) -> list[str]:
        """Where each card stands: in its file, or by number."""
        return [card.where or f"shot {number}" for number, card in enumerate(self.cards, start=1)]

    @property
    def parents(self) -> list[Path]:
        """The files that shots open on."""
        return [one for card in self.cards for one in (card.image, card.clip) if one is not None]

    def plans(self, limits: Limits) -> list[Plan]:
        """What each shot will be, all with one seed.

        Raises InvalidRequest, naming the shot, for what this model can't make, and when the whole is too long for it.
        """
        plans: list[Plan] = []
        for card, where in zip(self.cards, self.places, strict=True):
            seed = plans[0].seed if plans else self.seed
            shot = Shot(card.prompt, seconds=card.seconds, size=self.size, **{**self.chosen, "seed": seed})
            with located(where):
                plans.append(limits.plan(shot))
        seconds = sum(plan.seconds for plan in plans)
        if seconds > limits.max_seconds:
            raise InvalidRequest(
                f"{seconds:g} seconds in {len(plans)} shots",
                rule=f"this model makes up to {limits.max_seconds:g} seconds",
                remedy="shorten or leave out some",
            )
        return plans

    def texts(self, *, holding: bool) -> list[str]:
        """The words of each shot: descriptions for names, then camera, setting, light and style.

        holding: somebody else hands on what a shot leaves unsaid, so only what a card itself says is said, and what the
        story says of setting, light and style stands in its first card alone.
        """
        texts, held = [], {"setting": "", "light": "", "style": ""}
        for card in self.cards:
            own = {name: getattr(card, name) for name in held}
            held |= {name: text for name, text in own.items() if text}
            told = own if holding else held
            place = " ".join(text for text in (told["setting"], told["light"]) if text)
            parts = (described(card.prompt, self.characters), card.camera, place, told["style"])
            texts.append(" ".join(_sentence(part) for part in parts if part))
        return texts

    def first_with(self, index: int) -> int:
        """The first card that names a character whom card `index` names; `index` itself if none does."""
        named = [name for name in self.characters if mentions(name, self.cards[index].prompt)]
        found = (n for n in range(index) if any(mentions(name, self.cards[n].prompt) for name in named))
        return next(found, index)


def described(prompt: str, characters: Mapping[str, str]) -> str:
    """The prompt with each name's first mention as its description, later ones as the same with "the"."""
    for name, description in characters.items():
        first = description.strip()
        again = re.sub(r"^(?:an?|one)\s+", "the ", first, flags=re.IGNORECASE)
        before, mention, after = _parted(_name(name), prompt)
        if mention:
            prompt = before + first + again.join(_name(name).split(after))
    return prompt[:1].upper() + prompt[1:]


@contextmanager
def located(where: str) -> Iterator[None]:
    """Put `where` before the value of any error of a request."""
    try:
        yield
    except KinoraError as error:
        raise type(error)(f"{where}: {error.value}", rule=error.rule, remedy=error.remedy) from error


def spread(story: Story, seconds: Real, limits: Limits) -> Story:
    """The story with `seconds` shared out among its cards, each a whole number of frames.

    Raises InvalidRequest when this model can't make a clip of that length, or there are fewer frames than cards.
    """
    plan, count = limits.plan(Shot(story.cards[0].prompt, seconds=seconds)), len(story.cards)
    frames, fps = plan.frames, plan.fps
    if frames < count:
        raise InvalidRequest(
            f"{seconds:g} seconds", rule=f"too short for {count} shots", remedy=f"at least {count / fps:g}"
        )
    ends = [round(frames * part / count) for part in range(count + 1)]
    cards = tuple(
        replace(card, seconds=(end - start) / fps)
        for card, start, end in zip(story.cards, ends, ends[1:], strict=False)
    )
    return replace(story, cards=cards)


def _name(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")


def _parted(pattern: re.Pattern[str], text: str) -> tuple[str, str, str]:
    """What stands before the first match, the match, and what stands after it."""
    found = pattern.search(text)
    return (text, "", "") if found is None else (text[: found.start()], found[0], text[found.end() :])


def mentions(name: str, prompt: str) -> bool:
    """Whether a prompt names somebody, as a word of its own."""
    return _name(name).search(prompt) is not None


def _sentence(text: str) -> str:
    text = " ".join(text.split())
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")
