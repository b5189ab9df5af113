"""From a scene to numbers: where every thing and the camera are in every frame. The renderer draws a `Track`.

A thing stands on its local origin. Local to world: `position + Rz(roll) Ry(yaw) Rx(pitch) (scale * local)`; balls and
rings roll about their centre instead of their base (see `pivot`). At yaw 0 a thing faces the viewer (+z); positive
yaw turns it to the viewer's right, positive roll is anticlockwise as the viewer sees it, positive pitch bows towards
where it faces.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kinora.world import camera as cameras
from kinora.world import layout, physics, verbs
from kinora.world.pose import ROLLING_KINDS, Array, Part, Pose, State
from kinora.world.scene import Action, Scene, Shot, Subject
from kinora.world.vocabulary import EXTENTS, SIZE_SCALE

THREE_QUARTER = 0.4
KIND_SCALE = {"creature": 0.86, "monster": 0.92, "car": 0.94}
START_JITTER = 0.12
TIGHT_JITTER = 0.04
"""Metres either way at the start; tight where a pan or a sideways move needs the room."""
YAW_JITTER = 0.25


@dataclass(frozen=True, kw_only=True)
class Track:
    """A scene in motion: T frames, K things (thing k of shot s is `scene.shots[s].cast[k]`).

    `time` (T,) seconds; `shot` (T,) index of the shot; `eye`, `target` (T, 3) metres; `fov` (T,) vertical degrees;
    `position` (T, K, 3) ground contact; `yaw`, `roll`, `pitch` (T, K) radians; `scale` (T, K, 3), which already holds
    the named size and squash-and-stretch; `phase` (T, K) progress of the current action, 0-1; `visible` (T, K) bool,
    False where a shot has no thing k.
    """

    time: Array
    shot: NDArray[np.int64]
    eye: Array
    target: Array
    fov: Array
    position: Array
    yaw: Array
    roll: Array
    pitch: Array
    scale: Array
    phase: Array
    visible: NDArray[np.bool_]


def animate(scene: Scene) -> Track:
    """The motion of a scene; equal scenes give equal tracks."""
    time = np.arange(scene.frames) / scene.fps
    starts = np.cumsum([0.0, *(shot.seconds for shot in scene.shots)])[:-1]
    shot_of = np.searchsorted(starts, time + 1e-9, side="right") - 1
    track = _empty(time, shot_of, len(scene.cast))
    for index, shot in enumerate(scene.shots):
        frames = np.flatnonzero(shot_of == index)
        _fill(track, frames, shot, time[frames] - starts[index], scene)
    return track


def pivot(kind: str) -> float:
    """Height, before scaling, of the point about which a thing of this kind rolls."""
    return EXTENTS[kind].height / 2 if kind in ROLLING_KINDS else 0.0


def medium(subject: Subject) -> float:
    """The factor of the named size, and of the kind: those with long ears, tails or arms are drawn a little smaller."""
    return SIZE_SCALE[subject.size] * KIND_SCALE.get(subject.kind, 1.0)


def travel(verb: str, camera: str) -> tuple[float, float]:
    """Where a sideways move begins and ends (x in metres), so that the subject stays in the picture of this camera."""
    side = -1.0 if verb == "move_left" else 1.0
    along = (verb, camera) in (("move_left", "pan_left"), ("move_right", "pan_right"))
    if camera in ("pan_left", "pan_right"):
        begin, end = (0.95, 0.95) if along else (0.34, 0.34)
    else:
        begin, end = {
            "zoom_in": (0.68, 0.36),
            "zoom_out": (0.36, 0.68),
            "orbit": (0.46, 0.46),
            "follow": (1.6, 1.6),
        }.get(camera, (0.5, 0.5))
    return -side * begin, side * end


def _empty(time: Array, shot: NDArray[np.int64], things: int) -> Track:
    shape = (len(time), things)
    return Track(
        time=time,
        shot=shot,
        eye=np.zeros((len(time), 3)),
        target=np.zeros((len(time), 3)),
        fov=np.zeros(len(time)),
        position=np.zeros((*shape, 3)),
        yaw=np.zeros(shape),
        roll=np.zeros(shape),
        pitch=np.zeros(shape),
        scale=np.ones((*shape, 3)),
        phase=np.zeros(shape),
        visible=np.zeros(shape, dtype=bool),
    )


def _fill(track: Track, frames: NDArray[np.int64], shot: Shot, time: Array, scene: Scene) -> None:
    """Write one shot into its frames of the track."""
    rng = np.random.Generator(np.random.PCG64([scene.seed, 7]))
    sideways = any(action.verb.startswith("move_") for action in shot.actions)
    room = TIGHT_JITTER if sideways or shot.camera in ("pan_left", "pan_right") else START_JITTER
    for k, (subject, spot) in enumerate(zip(shot.cast, layout.spots(shot), strict=True)):
        jitter = rng.uniform(-1.0, 1.0, size=3)
        yaw = THREE_QUARTER + YAW_JITTER * jitter[1] if spot.yaw is None else spot.yaw
        start = State(x=spot.x + room * jitter[0], z=spot.z, yaw=yaw)
        pose, phase = _perform(_actions(shot, k), subject, start, time, shot, jitter[2])
        pose = layout.relate(shot, k, pose, time)
        track.position[frames, k] = np.stack([pose.x, spot.y + pose.y, pose.z], axis=-1)
        track.yaw[frames, k] = pose.yaw
        track.roll[frames, k] = pose.roll
        track.pitch[frames, k] = pose.pitch
        track.scale[frames, k] = medium(subject) * pose.size[:, None] * pose.stretch
        track.phase[frames, k] = phase
        track.visible[frames, k] = pose.visible
    tight = _needs_room(shot)
    length = shot.seconds if shot.camera_seconds is None else shot.camera_seconds
    progress = np.minimum(time / length, 1.0) if length > 0 else np.full(len(time), 0.5)
    view = cameras.view(
        shot.camera, progress, tight=tight, widen=layout.widen(shot), follow=track.position[frames, 0, 0]
    )
    track.eye[frames], track.target[frames] = view.eye, view.target
    track.fov[frames] = cameras.for_aspect(view.fov, scene.height, scene.width)


def _perform(
    actions: tuple[Action, ...], subject: Subject, start: State, time: Array, shot: Shot, vigour: float
) -> tuple[Pose, Array]:
    """Chain the actions of one thing: each starts where the one before left it; between them it holds still."""
    poses: list[Pose] = []
    phases: list[Array] = []
    state = start
    for index, action in enumerate(actions):
        begin = 0.0 if index == 0 else action.start
        until = actions[index + 1].start if index + 1 < len(actions) else np.inf
        duration = action.end - action.start
        since = np.clip(time[(time >= begin - 1e-9) & (time < until - 1e-9)] - action.start, 0.0, duration)
        part = Part(
            kind=subject.kind,
            time=np.append(since, duration),
            duration=duration,
            start=state,
            travel=_placed(travel(action.verb, shot.camera), start.x),
            scale=medium(subject),
            gravity=physics.MOON_GRAVITY if shot.setting == "moon" else physics.GRAVITY,
            opening=index == 0,
            closing=index + 1 == len(actions),
            vigour=vigour,
        )
        pose = verbs.act(action.verb, part)
        state = pose.last(rolls=subject.kind in ROLLING_KINDS)
        poses.append(_without_last(pose))
        phases.append(part.progress[:-1])
    return _joined(poses), np.concatenate(phases)


def _actions(shot: Shot, k: int) -> tuple[Action, ...]:
    """What thing k does; a second subject without actions of its own stands still."""
    if k < shot.subject.count:
        return shot.actions
    return shot.second_actions or (Action(verb="stand", start=0.0, end=shot.seconds),)


def _needs_room(shot: Shot) -> bool:
    """Whether a pan must turn less to keep the subject in the picture."""
    against = {"pan_left": "move_right", "pan_right": "move_left"}.get(shot.camera)
    return any(action.verb in ("spin", "grow", against) for action in shot.actions)


def _placed(ends: tuple[float, float], offset: float) -> tuple[float, float]:
    return ends[0] + offset, ends[1] + offset


def _without_last(pose: Pose) -> Pose:
    return Pose(**{name: getattr(pose, name)[:-1] for name in pose.__slots__})


def _joined(poses: list[Pose]) -> Pose:
    return Pose(**{name: np.concatenate([getattr(pose, name) for pose in poses]) for name in poses[0].__slots__})
