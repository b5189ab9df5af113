"""Every word that the world knows: ids, the phrases that name them, and the size of each kind of subject.

An id is one value of a factor; its first phrase is the canonical one. No phrase names two ids of a factor. The *core*
tier is the small, closed world on which the shipped model is trained.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Tier = Literal["core", "full"]


@dataclass(frozen=True, slots=True)
class Word:
    """One id of a factor: the phrases that name it (canonical first) and whether the core tier has it."""

    phrases: tuple[str, ...]
    core: bool = False

    @property
    def canonical(self) -> str:
        """The phrase that canonical captions use."""
        return self.phrases[0]


@dataclass(frozen=True, slots=True)
class Verb:
    """One way to say what a subject does, in three tenses, and the words that follow.

    `complete`: the verb alone says it, so terse captions leave the tail out.
    """

    present: str
    gerund: str
    past: str
    tail: str = ""
    complete: bool = False


@dataclass(frozen=True, slots=True)
class Extent:
    """The upright cylinder, in metres, that holds a medium subject: it stands on y = 0 around its local y axis."""

    height: float
    radius: float


SUBJECTS: Mapping[str, Word] = {
    "creature": Word(("creature", "bunny", "rabbit", "rabbit-squirrel", "furry animal"), core=True),
    "monster": Word(("monster", "horned monster", "beast", "horned beast"), core=True),
    "ball": Word(("ball", "sphere", "round ball", "toy ball"), core=True),
    "cube": Word(("cube", "block", "box", "square block"), core=True),
    "snowman": Word(("snowman", "snow figure", "snowman with a carrot nose"), core=True),
    "mushroom": Word(("mushroom", "toadstool", "spotted mushroom"), core=True),
    "candle": Word(("candle", "lit candle", "burning candle", "wax candle"), core=True),
    "car": Word(("car", "toy car", "automobile"), core=True),
    "robot": Word(("robot", "android", "toy robot")),
    "cone": Word(("cone", "pointed cone", "upright cone")),
    "ring": Word(("ring", "hoop", "torus")),
    "bird": Word(("bird", "songbird", "winged bird")),
    "fish": Word(("fish", "finned fish")),
    "boat": Word(("boat", "sailing boat", "toy boat")),
    "lantern": Word(("lantern", "paper lantern")),
    "balloon": Word(("balloon", "party balloon", "balloon on a string")),
}

EXTENTS: Mapping[str, Extent] = {
    "creature": Extent(1.0, 0.45),
    "monster": Extent(0.95, 0.48),
    "ball": Extent(0.9, 0.45),
    "cube": Extent(0.76, 0.54),
    "snowman": Extent(1.0, 0.42),
    "mushroom": Extent(0.9, 0.48),
    "candle": Extent(1.0, 0.34),
    "car": Extent(0.7, 0.55),
    "robot": Extent(1.0, 0.45),
    "cone": Extent(0.95, 0.42),
    "ring": Extent(0.9, 0.45),
    "bird": Extent(0.8, 0.5),
    "fish": Extent(0.7, 0.5),
    "boat": Extent(0.95, 0.55),
    "lantern": Extent(0.95, 0.36),
    "balloon": Extent(1.0, 0.36),
}

COLOURS: Mapping[str, Word] = {
    "red": Word(("red", "bright red", "scarlet"), core=True),
    "orange": Word(("orange", "bright orange", "tangerine"), core=True),
    "yellow": Word(("yellow", "bright yellow", "lemon yellow"), core=True),
    "green": Word(("green", "bright green", "emerald"), core=True),
    "blue": Word(("blue", "bright blue", "cobalt blue"), core=True),
    "purple": Word(("purple", "violet", "deep purple"), core=True),
    "pink": Word(("pink", "rosy pink", "bright pink"), core=True),
    "white": Word(("white", "snow-white", "pure white"), core=True),
    "black": Word(("black", "jet-black", "coal-black")),
    "silver": Word(("silver", "silvery")),
    "brown": Word(("brown", "chestnut brown", "chocolate brown")),
    "turquoise": Word(("turquoise", "teal", "aquamarine")),
}

SIZES: Mapping[str, Word] = {
    "small": Word(("small", "tiny")),
    "medium": Word(("",), core=True),
    "large": Word(("large", "big", "huge")),
}
SIZE_SCALE: Mapping[str, float] = {"small": 0.6, "medium": 1.0, "large": 1.35}

MATERIALS: Mapping[str, Word] = {
    "matte": Word(("",), core=True),
    "fluffy": Word(("fluffy", "furry", "soft-haired"), core=True),
    "shiny": Word(("shiny", "glossy", "polished")),
    "glass": Word(("glass", "transparent glass")),
}
FLUFFY_KINDS = frozenset({"creature", "monster"})

SETTINGS: Mapping[str, Word] = {
    "meadow": Word(("in a grassy meadow", "on a flowery meadow", "in a field of grass and flowers"), core=True),
    "forest": Word(("in an enchanted forest", "in a magical forest", "among enchanted trees"), core=True),
    "snowfield": Word(("in a snowy field", "on a snow-covered field", "in a wintry landscape"), core=True),
    "room": Word(("in a cosy candlelit room", "in a cozy room lit by candles", "indoors by candlelight"), core=True),
    "beach": Word(("on a sandy beach", "on a beach by the sea", "at the seaside"), core=True),
    "desert": Word(("in a sandy desert", "among desert dunes", "in a dry desert")),
    "city": Word(("on a city street", "in a city street with lit windows", "on a street between tall buildings")),
    "moon": Word(("on the moon", "on the surface of the moon", "in a lunar landscape")),
}

LIGHTS: Mapping[str, Word] = {
    "day": Word(("by day", "in daylight", "in the daytime"), core=True),
    "sunset": Word(("at sunset", "at sundown", "in the light of the setting sun"), core=True),
    "night": Word(("at night", "by night", "during the night"), core=True),
}

WEATHERS: Mapping[str, Word] = {
    "clear": Word(("",), core=True),
    "snow": Word(("while snow falls", "in falling snow", "as snowflakes drift down"), core=True),
    "rain": Word(("while rain falls", "in the rain", "as rain pours down")),
    "fog": Word(("in thick fog", "in the fog", "in a veil of mist")),
}

VERBS: Mapping[str, tuple[Verb, ...]] = {
    "stand": (
        Verb("stands", "standing", "stood", "still"),
        Verb("stays", "staying", "stayed", "in place"),
        Verb("rests", "resting", "rested", "without moving"),
    ),
    "hop": (
        Verb("hops", "hopping", "hopped", "up and down", complete=True),
        Verb("hops", "hopping", "hopped", "on the spot", complete=True),
        Verb("jumps", "jumping", "jumped", "up and down"),
        Verb("leaps", "leaping", "leapt", "again and again"),
    ),
    "move_left": (Verb("moves", "moving", "moved"), Verb("travels", "travelling", "travelled")),
    "move_right": (Verb("moves", "moving", "moved"), Verb("travels", "travelling", "travelled")),
    "spin": (
        Verb("spins", "spinning", "spun", "around in place", complete=True),
        Verb("twirls", "twirling", "twirled", "around and around", complete=True),
        Verb("rotates", "rotating", "rotated", "on the spot", complete=True),
    ),
    "bounce": (
        Verb("bounces", "bouncing", "bounced", "on the ground", complete=True),
        Verb("drops and bounces", "dropping and bouncing", "dropped and bounced", "lower and lower"),
        Verb("rebounds", "rebounding", "rebounded", "off the ground again and again"),
    ),
    "grow": (
        Verb("grows", "growing", "grew", "bigger and bigger", complete=True),
        Verb("swells", "swelling", "swelled", "to twice its size", complete=True),
        Verb("becomes", "becoming", "became", "larger and larger"),
    ),
    "shrink": (
        Verb("shrinks", "shrinking", "shrank", "smaller and smaller", complete=True),
        Verb("dwindles", "dwindling", "dwindled", "to half its size"),
    ),
    "jump": (
        Verb("jumps", "jumping", "jumped", "once, high into the air"),
        Verb("leaps", "leaping", "leapt", "up high a single time"),
    ),
    "fly_circle": (
        Verb("flies", "flying", "flew", "in a circle"),
        Verb("soars", "soaring", "soared", "round in a loop through the air"),
    ),
    "sway": (
        Verb("sways", "swaying", "swayed", "from side to side", complete=True),
        Verb("rocks", "rocking", "rocked", "to and fro"),
    ),
    "look_up": (
        Verb("looks", "looking", "looked", "up at the sky"),
        Verb("tilts", "tilting", "tilted", "back to face the sky"),
    ),
    "nod": (Verb("nods", "nodding", "nodded"), Verb("bows", "bowing", "bowed", "again and again")),
    "fall": (
        Verb("falls", "falling", "fell", "from above to the ground"),
        Verb("drops", "dropping", "dropped", "out of the air and stays down"),
    ),
    "melt": (
        Verb("melts", "melting", "melted", "away", complete=True),
        Verb("melts", "melting", "melted", "into a puddle", complete=True),
    ),
    "hide": (
        Verb("hides", "hiding", "hid", "and comes out again"),
        Verb("slips", "slipping", "slipped", "out of sight and returns"),
    ),
    "approach": (
        Verb("comes", "coming", "came", "closer"),
        Verb("approaches", "approaching", "approached", "the camera"),
    ),
    "recede": (
        Verb("goes", "going", "went", "away into the distance"),
        Verb("retreats", "retreating", "retreated", "from the camera"),
    ),
}
CORE_VERBS = ("stand", "hop", "move_left", "move_right", "spin", "bounce", "grow")

DIRECTIONS: Mapping[str, tuple[str, ...]] = {
    "move_left": ("to the left", "towards the left", "leftwards", "across to the left side"),
    "move_right": ("to the right", "towards the right", "rightwards", "across to the right side"),
}

GAITS: Mapping[str, tuple[Verb, ...]] = {
    "roll": (Verb("rolls", "rolling", "rolled"),),
    "drive": (Verb("drives", "driving", "drove"), Verb("rides", "riding", "rode")),
    "walk": (Verb("walks", "walking", "walked"), Verb("strolls", "strolling", "strolled")),
    "slide": (Verb("slides", "sliding", "slid"),),
    "glide": (Verb("glides", "gliding", "glided"), Verb("slides", "sliding", "slid")),
    "fly": (Verb("flies", "flying", "flew"),),
    "swim": (Verb("swims", "swimming", "swam"),),
    "sail": (Verb("sails", "sailing", "sailed"),),
    "float": (Verb("floats", "floating", "floated"), Verb("drifts", "drifting", "drifted")),
}

GAIT_OF: Mapping[str, str] = {
    **dict.fromkeys(("creature", "monster", "robot"), "walk"),
    **dict.fromkeys(("ball", "ring"), "roll"),
    **dict.fromkeys(("cube", "cone"), "slide"),
    **dict.fromkeys(("snowman", "mushroom", "candle"), "glide"),
    **dict.fromkeys(("lantern", "balloon"), "float"),
    "car": "drive",
    "bird": "fly",
    "fish": "swim",
    "boat": "sail",
}

CAMERAS: Mapping[str, Word] = {
    "static": Word(("the camera stays still", "the camera does not move", "the view stays fixed"), core=True),
    "pan_left": Word(("the camera pans slowly to the left", "the camera turns left", "the view pans left"), core=True),
    "pan_right": Word(
        ("the camera pans slowly to the right", "the camera turns right", "the view pans right"), core=True
    ),
    "zoom_in": Word(("the camera slowly zooms in", "the camera zooms in", "the view closes in"), core=True),
    "zoom_out": Word(("the camera slowly zooms out", "the camera zooms out", "the view widens"), core=True),
    "orbit": Word(
        ("the camera slowly orbits around", "the camera circles around the scene", "the view orbits around"), core=True
    ),
    "rise": Word(("the camera slowly rises", "the camera moves upwards", "the view lifts up")),
    "follow": Word(("the camera follows", "the camera tracks along", "the view keeps pace")),
}

STYLES: Mapping[str, Word] = {
    "3D animation": Word(("3D animation", "animated 3D film", "3D computer animation"), core=True),
    "cartoon": Word(("flat cartoon", "hand-drawn cartoon", "boldly outlined cartoon")),
    "pencil": Word(("pencil sketch", "pencil drawing", "graphite sketch")),
    "pixel": Word(("pixel art", "retro pixel art", "8-bit pixel graphics")),
    "clay": Word(("claymation", "clay animation", "stop-motion clay")),
}

RELATIONS: Mapping[str, Word] = {
    "next_to": Word(("next to", "beside")),
    "left_of": Word(("to the left of", "on the left side of")),
    "right_of": Word(("to the right of", "on the right side of")),
    "behind": Word(("behind", "in back of")),
    "in_front_of": Word(("in front of", "before")),
    "on_top_of": Word(("on top of", "atop")),
}
"""Where the subject is with regard to the second subject."""

DEEDS: Mapping[str, tuple[Verb, ...]] = {
    "chases": (Verb("chases", "chasing", "chased"), Verb("runs after", "running after", "ran after")),
    "bumps_into": (
        Verb("bumps into", "bumping into", "bumped into"),
        Verb("collides with", "colliding with", "collided with"),
    ),
    "circles": (
        Verb("circles around", "circling around", "circled around"),
        Verb("goes in circles around", "going in circles around", "went in circles around"),
    ),
    "gazes_at": (Verb("gazes at", "gazing at", "gazed at"), Verb("looks at", "looking at", "looked at")),
}
"""Relations in which the subject does something to the second subject, instead of actions of its own."""

NUMBERS: Mapping[int, str] = {1: "one", 2: "two", 3: "three"}


def ids(table: Mapping[str, Word], tier: Tier = "full") -> tuple[str, ...]:
    """The ids of one factor in a tier, in the order of the table."""
    return tuple(name for name, word in table.items() if word.core or tier == "full")


def verbs(tier: Tier = "full") -> tuple[str, ...]:
    """The ids of the actions in a tier."""
    return CORE_VERBS if tier == "core" else tuple(VERBS)
