"""The scene graph: all that a clip of the world shows, in words; caption, motion and picture derive from it.

`Scene` is frozen and checked on construction, has an exact JSON round trip (`to_dict`, `from_dict`) and can be
mirrored (`flip`). `kinora.world.sample.sample_scene` draws scenes.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from kinora.errors import InvalidRequest
from kinora.world import vocabulary as words

MIRROR: Mapping[str, str] = {
    "move_left": "move_right",
    "move_right": "move_left",
    "pan_left": "pan_right",
    "pan_right": "pan_left",
    "left_of": "right_of",
    "right_of": "left_of",
}


def _known(value: str, factor: str, table: Mapping[str, Any]) -> None:
    if value not in table:
        raise InvalidRequest(repr(value), rule=f"is not a {factor} of the world", remedy=f"one of {', '.join(table)}")


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What is seen: `count` equal things of one kind, colour, size and material."""

    kind: str
    colour: str
    size: str = "medium"
    material: str = "matte"
    count: int = 1

    def __post_init__(self) -> None:
        _known(self.kind, "subject", words.SUBJECTS)
        _known(self.colour, "colour", words.COLOURS)
        _known(self.size, "size", words.SIZES)
        _known(self.material, "material", words.MATERIALS)
        if self.count not in words.NUMBERS:
            raise InvalidRequest(
                str(self.count), rule="a scene shows one to three subjects of a kind", remedy="1, 2 or 3"
            )


@dataclass(frozen=True, kw_only=True)
class Action:
    """What a subject does from `start` to `end`, in seconds within the shot."""

    verb: str
    start: float
    end: float

    def __post_init__(self) -> None:
        _known(self.verb, "action", words.VERBS)
        if not 0 <= self.start <= self.end:
            raise InvalidRequest(
                f"{self.start}-{self.end} s",
                rule="an action starts at 0 or later and ends after it starts",
                remedy="0-4 s",
            )


@dataclass(frozen=True, kw_only=True)
class Shot:
    """One uncut take: who does what, where, in which light and weather, seen by which camera. A still has 0 seconds.

    The camera's move takes `camera_seconds`, and then it rests; None: as long as the shot.
    """

    subject: Subject
    actions: tuple[Action, ...]
    second: Subject | None = None
    second_actions: tuple[Action, ...] = ()
    relation: str | None = None
    setting: str
    light: str
    weather: str
    camera: str
    seconds: float
    camera_seconds: float | None = None

    def __post_init__(self) -> None:
        _known(self.setting, "setting", words.SETTINGS)
        _known(self.light, "light", words.LIGHTS)
        _known(self.weather, "weather", words.WEATHERS)
        _known(self.camera, "camera", words.CAMERAS)
        if self.relation is not None:
            _known(self.relation, "relation", {**words.RELATIONS, **words.DEEDS})
        if (self.relation is None) != (self.second is None):
            raise InvalidRequest(
                repr(self.relation),
                rule="a second subject and its relation come together",
                remedy="give both or neither",
            )
        if self.second is None and self.second_actions:
            raise InvalidRequest("second_actions", rule="need a second subject", remedy="give second, or no actions")
        if not self.actions:
            raise InvalidRequest("actions", rule="a shot has at least one action", remedy="Action(verb='stand', ...)")
        for name in (self.actions, self.second_actions):
            self._check_order(name)

    def _check_order(self, actions: tuple[Action, ...]) -> None:
        ends = [0.0, *(action.end for action in actions)]
        starts = [*(action.start for action in actions), self.seconds]
        if any(start < end - 1e-9 for end, start in zip(ends, starts, strict=True)):
            raise InvalidRequest(
                ", ".join(f"{a.verb} {a.start}-{a.end} s" for a in actions),
                rule=f"actions follow one another within the shot's {self.seconds} s",
                remedy="order them and end the last one with the shot",
            )

    @property
    def cast(self) -> tuple[Subject, ...]:
        """The single things in the shot, numbered as in `Track`: first every subject, then every second."""
        groups = (self.subject,) if self.second is None else (self.subject, self.second)
        return tuple(replace(group, count=1) for group in groups for _ in range(group.count))


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A clip: one or more shots in a style, at a size and rate, with the seed of its small variations."""

    shots: tuple[Shot, ...]
    style: str = "3D animation"
    fps: int = 8
    height: int = 128
    width: int = 128
    seed: int = 0

    def __post_init__(self) -> None:
        _known(self.style, "style", words.STYLES)
        if not self.shots:
            raise InvalidRequest("shots", rule="a scene has at least one shot", remedy="Scene(shots=(Shot(...),))")
        if min(self.fps, self.height, self.width) < 1:
            raise InvalidRequest(
                f"{self.width}x{self.height} at {self.fps} fps",
                rule="size and rate are positive",
                remedy="128x128 at 8 fps",
            )

    @property
    def seconds(self) -> float:
        """Length of all shots."""
        return sum(shot.seconds for shot in self.shots)

    @property
    def frames(self) -> int:
        """Frames in the clip. First and last instant are both shown: 4 s at 8 fps are 33 frames; a still is one."""
        return round(self.seconds * self.fps) + 1

    @property
    def cast(self) -> tuple[Subject, ...]:
        """The cast of the shot with the most things."""
        return max((shot.cast for shot in self.shots), key=len)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; `from_dict` restores an equal scene."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Scene":
        """Restore a scene from `to_dict`, also after JSON; InvalidRequest when a field is unknown or missing."""
        try:
            return cls(**{**data, "shots": tuple(_shot(shot) for shot in data["shots"])})
        except (KeyError, TypeError) as error:
            raise InvalidRequest(
                "scene", rule=f"does not follow the scene graph ({error})", remedy="use Scene.to_dict"
            ) from error


def flip(scene: Scene) -> Scene:
    """The scene that the mirrored picture shows: directions of actions, cameras and relations change sides."""
    return replace(scene, shots=tuple(_flip_shot(shot) for shot in scene.shots))


def _flip_shot(shot: Shot) -> Shot:
    return replace(
        shot,
        actions=tuple(_flip_action(action) for action in shot.actions),
        second_actions=tuple(_flip_action(action) for action in shot.second_actions),
        relation=None if shot.relation is None else MIRROR.get(shot.relation, shot.relation),
        camera=MIRROR.get(shot.camera, shot.camera),
    )


def _flip_action(action: Action) -> Action:
    return replace(action, verb=MIRROR.get(action.verb, action.verb))


def _shot(data: Mapping[str, Any]) -> Shot:
    second = data["second"]
    return Shot(
        **{
            **data,
            "subject": Subject(**data["subject"]),
            "second": None if second is None else Subject(**second),
            "actions": tuple(Action(**action) for action in data["actions"]),
            "second_actions": tuple(Action(**action) for action in data["second_actions"]),
        }
    )
