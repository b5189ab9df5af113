"""Just enough English: articles, plurals, tenses, and a speaker who picks among synonyms."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from kinora.world import details
from kinora.world import vocabulary as words
from kinora.world.scene import Action, Shot, Subject
from kinora.world.vocabulary import Verb

T = TypeVar("T")

IRREGULAR = {"snowman": "snowmen", "fish": "fish", "finned fish": "finned fish", "torus": "tori"}


@dataclass(frozen=True, slots=True)
class Speech:
    """Phrases for the parts of a scene: the canonical ones, or with `rng` any synonym."""

    rng: np.random.Generator | None = None

    def choice(self, options: Sequence[T]) -> T:
        """One of the options; the first for the canonical speaker."""
        return options[0] if self.rng is None else options[int(self.rng.integers(len(options)))]

    def number(self, low: int, high: int) -> int:
        """A number from `low` to `high` - 1."""
        return low if self.rng is None else int(self.rng.integers(low, high))

    def shuffled(self, options: Sequence[str]) -> list[str]:
        """The options that say something, in any order."""
        order = range(len(options)) if self.rng is None else self.rng.permutation(len(options))
        return [options[index] for index in order if options[index]]

    def subject(self, subject: Subject, *, terse: bool = False, article: bool = True) -> str:
        """ "a blue fluffy creature", "two small red balls"; `terse` leaves out what goes without saying."""
        noun = self.choice(_brief(words.SUBJECTS[subject.kind].phrases, 2 if terse else 9))
        colour = self.choice(_brief(words.COLOURS[subject.colour].phrases, 1 if terse else 9))
        size = self.choice(words.SIZES[subject.size].phrases)
        skip = terse and subject.material == "fluffy"
        material = "" if skip else self.choice(words.MATERIALS[subject.material].phrases)
        if noun.startswith(material):
            material = ""
        adjectives = (size, *self.choice(((colour, material), (material, colour))))
        name = " ".join(word for word in (*adjectives, noun if subject.count == 1 else plural(noun)) if word)
        if subject.count > 1:
            return f"{words.NUMBERS[subject.count]} {name}"
        return indefinite(name) if article else name

    def again(self, shot: Shot) -> str:
        """The subject of an earlier shot: "the same blue creature"."""
        noun = words.SUBJECTS[shot.subject.kind].canonical
        return f"the same {shot.subject.colour} {noun if shot.subject.count == 1 else plural(noun)}"

    def place(self, shot: Shot, *, light: bool = True, weather: bool = True) -> str:
        """Setting, light and weather: "in an enchanted forest at night while snow falls"."""
        setting = self.choice(words.SETTINGS[shot.setting].phrases)
        when = self.light(shot.light) if light else ""
        sky = self.choice(words.WEATHERS[shot.weather].phrases) if weather else ""
        return " ".join(part for part in (setting, when, sky) if part)

    def light(self, light: str) -> str:
        """ "at night" """
        return self.choice(words.LIGHTS[light].phrases)

    def camera(self, camera: str) -> str:
        """A clause: "the camera pans slowly to the left"."""
        return self.choice(words.CAMERAS[camera].phrases)

    def style(self, style: str) -> str:
        """ "3D animation" """
        return self.choice(words.STYLES[style].phrases)

    def there(self, shot: Shot) -> str:
        """ "there is" """
        return f"there {self.be(shot.subject)}"

    def be(self, subject: Subject) -> str:
        """ "is" or "are" """
        return "is" if subject.count == 1 else "are"

    def does(self, shot: Shot, *, terse: bool = False) -> str:
        """Present tense: "hops up and down"."""
        return self._deeds(shot, "present" if shot.subject.count == 1 else "base", terse)

    def doing(self, shot: Shot, *, terse: bool = False) -> str:
        """ "hopping up and down" """
        return self._deeds(shot, "gerund", terse)

    def is_doing(self, shot: Shot, *, terse: bool = False) -> str:
        """ "is hopping up and down" """
        return f"{self.be(shot.subject)} {self.doing(shot, terse=terse)}"

    def did(self, shot: Shot) -> str:
        """Past tense: "hopped up and down"."""
        return self._deeds(shot, "past", False)

    def relation(self, shot: Shot) -> str:
        """Where the subject is, or what it does, with regard to the second: "next to a red ball"."""
        assert shot.second is not None
        assert shot.relation is not None
        if shot.relation in words.DEEDS:
            return f"{self.choice(words.DEEDS[shot.relation]).gerund} {self.subject(shot.second)}"
        relation = self.choice(words.RELATIONS[shot.relation].phrases)
        return f"{relation} {self.subject(shot.second)}"

    def features(self, subject: Subject) -> str:
        """What every subject of the kind looks like."""
        they = self.choice(("it has {}", "it comes with {}", "notice {}", "one can see {}"))
        if subject.count > 1:
            they = "they have {}"
        return they.format(details.FEATURES[subject.kind])

    def scenery(self, setting: str) -> str:
        """What every picture of the setting shows."""
        return self.choice(("{}", "all around, {}", "in the background, {}")).format(details.SCENERY[setting])

    def sky(self, shot: Shot) -> str:
        """A clause on the light and the weather."""
        light = self.choice(details.SKIES[shot.light if shot.setting != "room" else "candles"])
        weather = self.choice(details.AIRS[shot.weather])
        return f"{light} and {weather}" if weather else light

    def _deeds(self, shot: Shot, tense: str, terse: bool) -> str:
        if shot.second is not None and shot.relation is not None and shot.relation in words.DEEDS:
            form = self.choice(words.DEEDS[shot.relation])
            way = self.choice(words.DIRECTIONS[_way(shot)]) if shot.relation in ("chases", "bumps_into") else ""
            return f"{inflected(form, tense)} {self.subject(shot.second)} {way}".strip()
        deeds = self._chain(shot.subject.kind, shot.actions, tense, terse)
        if shot.second is None:
            return deeds
        second = self._chain(
            shot.second.kind, shot.second_actions, "present" if shot.second.count == 1 else "base", terse
        )
        told = shot.second_actions and shot.second_actions[0].verb != "stand"
        return f"{deeds} {self.relation(shot)} that {second}" if told else f"{deeds} {self.relation(shot)}"

    def _chain(self, kind: str, actions: tuple[Action, ...], tense: str, terse: bool) -> str:
        return ", then ".join(self._deed(kind, action.verb, tense, terse) for action in actions)

    def _deed(self, kind: str, verb: str, tense: str, terse: bool) -> str:
        if verb in words.DIRECTIONS:
            form = self.choice(words.GAITS[words.GAIT_OF[kind]])
            tail = self.choice(words.DIRECTIONS[verb][: 3 if terse else None])
        else:
            forms = words.VERBS[verb]
            form = self.choice(tuple(form for form in forms if form.complete) or forms if terse else forms)
            tail = "" if terse and form.complete else form.tail
        return f"{inflected(form, tense)} {tail}".strip()


def _way(shot: Shot) -> str:
    """The direction of a chase or a collision: that of the first action, to the right if it has none."""
    return "move_left" if shot.actions[0].verb == "move_left" else "move_right"


def _brief(phrases: Sequence[str], most: int) -> tuple[str, ...]:
    """The phrases of at most so many words."""
    return tuple(phrase for phrase in phrases if len(phrase.split()) <= most)


def inflected(verb: Verb, tense: str) -> str:
    """The verb as "present" (third person), "base" (plural), "gerund" or "past"."""
    if tense == "base":
        return " ".join(_base(word) for word in verb.present.split())
    return {"present": verb.present, "gerund": verb.gerund, "past": verb.past}[tense]


def _base(word: str) -> str:
    """ "hops" -> "hop", "flies" -> "fly", "approaches" -> "approach" """
    if word == "and":
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-2] if word.endswith(("ches", "shes", "sses", "goes")) else word.removesuffix("s")


def plural(noun: str) -> str:
    """The plural of a noun phrase: "box" -> "boxes", "snowman with a carrot nose" -> "snowmen with a carrot nose"."""
    for joint in (" with ", " on "):
        if joint in noun:
            head, tail = noun.split(joint, 1)
            return plural(head) + joint + tail
    if noun in IRREGULAR:
        return IRREGULAR[noun]
    if noun.endswith("y"):
        return noun[:-1] + "ies"
    return noun + ("es" if noun.endswith(("x", "s", "ch", "sh")) else "s")


def indefinite(phrase: str) -> str:
    """The phrase after "a" or "an"."""
    return f"{'an' if phrase[0].lower() in 'aeio8' else 'a'} {phrase}"


def capital(text: str) -> str:
    """The text with a capital first letter, the rest as it is."""
    return text[:1].upper() + text[1:]


def sentence(text: str) -> str:
    """The text as a sentence, or "" for nothing."""
    text = " ".join(text.split())
    return capital(text) + "." if text else ""
