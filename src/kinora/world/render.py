"""Scene graph -> frames: signed-distance subjects in an analytic world, drawn on the CPU by OpenGL (EGL, llvmpipe).

A frame is three kinds of pass. The surroundings are closed-form over the whole frame; each subject is marched inside the
rectangle that its bounding box covers; a last pass averages the samples and adds flakes and glows. Programs depend only on
the setting and on the kind of subject, so a few small ones serve every scene; all else is uniforms.

Same scene + `kinora.world.VERSION` -> same bytes.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from kinora.errors import Unavailable
from kinora.world import look
from kinora.world.motion import Track, animate, pivot
from kinora.world.scene import Scene, Shot, Subject

Floats = NDArray[np.float64]
BALLS_PER_SUBJECT = 3
MAX_SPRITES = 24
JITTER = {1: ((0.0, 0.0),), 2: ((-0.25, -0.25), (0.25, 0.25)), 4: ((-0.375, -0.125), (0.125, -0.375), (0.375, 0.125), (-0.125, 0.375))}
"""Sub-pixel sample positions, in pixels."""


class Renderer:
    """Draws scenes at one size; owns a GL context, so use it as a context manager and from one thread.

    `samples` per pixel (1, 2 or 4) are averaged in linear light. Raises Unavailable where no EGL can be opened.
    """

    def __init__(self, height: int, width: int, samples: int = 2) -> None:
        self.height, self.width, self.samples = height, width, samples
        self._gl = _context()
        self._programs: dict[tuple[str, ...], _Program] = {}
        self._target = _Target(self._gl, (width * samples, height))
        self._display = self._gl.framebuffer([self._gl.texture((width, height), 4)])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Free the GL context; the renderer is of no use afterwards."""
        self._gl.release()

    def render(self, scene: Scene) -> NDArray[np.uint8]:
        """All frames of the scene, uint8 T H W 3, at this renderer's size whatever the scene names."""
        track = animate(scene)
        frames = np.empty((len(track.time), self.height, self.width, 3), np.uint8)
        for t, view in enumerate(views(scene, track, self.width / self.height)):
            self._draw(view)
            self._resolve(view)
            data = np.frombuffer(self._display.read(components=3, alignment=1), np.uint8)
            frames[t] = data.reshape(self.height, self.width, 3)[::-1]
        return frames

    def _draw(self, view: "View") -> None:
        self._target.framebuffer.use()
        self._gl.enable_only(self._gl.DEPTH_TEST)
        for index, (dx, dy) in enumerate(JITTER[self.samples]):
            self._gl.viewport = (index * self.width, 0, self.width, self.height)
            jitter = (2 * dx / self.width, 2 * dy / self.height)
            program = self._program("background", view.shot.setting, str(len(view.bodies)))
            self._gl.depth_func = "1"
            self._quad(program, (-1.0, -1.0, 1.0, 1.0), {**view.uniforms, "jitter": jitter, "proxies": view.proxies})
            self._gl.depth_func = "<"
            for body in view.bodies:
                program = self._program("subject", body.subject.kind)
                self._quad(program, body.bounds, {**view.uniforms, **body.uniforms, "jitter": jitter})

    def _resolve(self, view: "View") -> None:
        self._display.use()
        self._gl.enable_only(self._gl.NOTHING)
        self._gl.viewport = (0, 0, self.width, self.height)
        self._target.texture.use(0)
        at, colour = view.sprites
        pixels = at * np.array([self.width / 2, self.height / 2, self.height / 2, 1.0])
        pixels[:, :2] += (self.width / 2, self.height / 2)
        values = {"size": (self.width, self.height), "count": self.samples, "samples_": 0, "sprites": len(at), "spriteAt": _padded(pixels), "spriteColour": _padded(colour)}
        self._quad(self._program("resolve"), (-1.0, -1.0, 1.0, 1.0), values)

    def _program(self, *key: str) -> "_Program":
        if key not in self._programs:
            self._programs[key] = _Program(self._gl, fragment(*key))
        return self._programs[key]

    def _quad(self, program: "_Program", bounds: tuple[float, float, float, float], values: Mapping[str, Any]) -> None:
        program.set({**values, "bounds": bounds})
        program.vertices.render(self._gl.TRIANGLE_STRIP, vertices=4)


class _Program:
    """A compiled program that skips the uniforms it lacks and those that have not changed."""

    def __init__(self, gl: Any, fragment_shader: str) -> None:
        program = gl.program(vertex_shader=_source("quad.vert"), fragment_shader=fragment_shader)
        self.vertices = gl.vertex_array(program, [])
        self._members = {name: program[name] for name in program if not name.startswith("gl_")}
        self._last: dict[str, bytes] = {}

    def set(self, values: Mapping[str, Any]) -> None:
        """Write uniforms; names and shapes as in the shaders, numbers as float32 except Python integers."""
        for name, member in self._members.items():
            value = values[name]
            data = np.asarray(value, np.int32 if _whole(value) else np.float32).tobytes()
            if self._last.get(name) != data:
                member.write(data)
                self._last[name] = data


class _Target:
    """Where the samples land: linear colour and distance in float32, beside a depth buffer."""

    def __init__(self, gl: Any, size: tuple[int, int]) -> None:
        self.texture = gl.texture(size, 4, dtype="f4")
        self.texture.filter = (gl.NEAREST, gl.NEAREST)
        self.framebuffer = gl.framebuffer([self.texture], gl.depth_renderbuffer(size))


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """One subject in one frame: uniforms of its program, its rectangle in clip units and its affine pose."""

    subject: Subject
    uniforms: Mapping[str, Any]
    bounds: tuple[float, float, float, float]
    pose: tuple[Floats, Floats]  # world = matrix @ local + offset
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """All that one frame needs."""

    shot: Shot
    uniforms: Mapping[str, Any]
    bodies: tuple[Body, ...]
    proxies: Floats
    sprites: tuple[Floats, Floats]
    camera: "Camera"


@dataclass(frozen=True, slots=True)
class Camera:
    """A pinhole: `axes` rows are right and up scaled by the half extents of the picture at distance 1, and forward."""

    eye: Floats
    axes: Floats

    @classmethod
    def of(cls, track: Track, t: int, aspect: float) -> "Camera":
        """The camera of frame t for a picture of this width / height."""
        eye, target = np.asarray(track.eye[t], float), np.asarray(track.target[t], float)
        forward = _unit(target - eye)
        right = _unit(np.cross(forward, (0.0, 1.0, 0.0)))
        half = math.tan(math.radians(float(track.fov[t])) / 2)
        return cls(eye, np.stack([right * half * aspect, np.cross(right, forward) * half, forward]))

    def project(self, points: Floats) -> Floats:
        """World points ... 3 -> clip x, clip y (-1 to 1 inside the picture) and distance along the optical axis."""
        away = (points - self.eye) @ _unit_rows(self.axes).T
        half = np.linalg.norm(self.axes[:2], axis=1)
        near = np.maximum(away[..., 2:], 1e-3)
        return np.concatenate([away[..., :2] / near / half, away[..., 2:]], axis=-1)


def views(scene: Scene, track: Track, aspect: float) -> Iterator[View]:
    """What to draw, frame by frame."""
    for t in range(len(track.time)):
        shot = scene.shots[int(track.shot[t])]
        camera = Camera.of(track, t, aspect)
        light = look.INDOORS if shot.setting == "room" else look.LIGHTS[shot.light]
        since = float(track.time[t]) - sum(earlier.seconds for earlier in scene.shots[: int(track.shot[t])])
        uniforms = {
            "eye": tuple(camera.eye),
            "axisX": tuple(camera.axes[0]),
            "axisY": tuple(camera.axes[1]),
            "axisZ": tuple(camera.axes[2]),
            "time": since,
            "sunDir": light.sun_dir,
            "sunColour": light.sun_colour,
            "keyColour": light.key_colour,
            "ambient": light.ambient,
            "bounce": light.bounce,
            "zenith": light.zenith,
            "horizon": light.horizon,
            "fog": light.fog,
            "darkness": light.darkness,
        }
        bodies = tuple(_body(subject, track, t, k, camera) for k, subject in enumerate(shot.cast) if track.visible[t, k])
        yield View(
            shot=shot,
            uniforms=uniforms,
            bodies=bodies,
            proxies=_proxies(bodies),
            sprites=_sprites(scene.seed, shot, bodies, camera, since),
            camera=camera,
        )


def _body(subject: Subject, track: Track, t: int, k: int, camera: Camera) -> Body:
    build = look.BUILDS[subject.kind]
    matrix, offset = pose(subject.kind, track, t, k)
    corners = np.array(np.meshgrid(*zip(build.low, build.high, strict=True), indexing="ij")).reshape(3, 8).T
    flat = camera.project(corners @ matrix.T + offset)
    inverse = np.linalg.inv(matrix)
    tint = look.linear(look.PALETTE[subject.colour])
    uniforms = {
        "position": tuple(offset),
        "toLocal": inverse.T.reshape(-1),
        "toWorld": inverse.reshape(-1),
        "boxLow": build.low,
        "boxHigh": build.high,
        "tint": tint,
        "accent": look.linear(look.ACCENTS.get(subject.colour, look.ACCENT)),
        "fuzz": build.fuzz,
        "gloss": build.gloss,
        "phase": float(track.phase[t, k]),
        "marks": 4,
        "identity": float(k + 1),
    }
    low, high = np.maximum(flat[:, :2].min(0) - 0.02, -1.0), np.minimum(flat[:, :2].max(0) + 0.02, 1.0)
    return Body(subject=subject, uniforms=uniforms, bounds=(low[0], low[1], high[0], high[1]), pose=(matrix, offset), index=k)


def pose(kind: str, track: Track, t: int, k: int) -> tuple[Floats, Floats]:
    """Affine pose of thing k, of this kind, in frame t: world = matrix @ local + offset (see `kinora.world.motion`)."""
    scale = np.asarray(track.scale[t, k], float)
    matrix = _turn(2, float(track.roll[t, k])) @ _turn(1, float(track.yaw[t, k])) @ _turn(0, float(track.pitch[t, k])) @ np.diag(scale)
    centre = np.array([0.0, pivot(kind), 0.0])
    return matrix, np.asarray(track.position[t, k], float) + centre * scale - matrix @ centre


def _turn(axis: int, angle: float) -> Floats:
    """Right-handed rotation about a coordinate axis."""
    matrix = np.eye(3)
    i, j = (axis + 1) % 3, (axis + 2) % 3
    matrix[i, i] = matrix[j, j] = math.cos(angle)
    matrix[j, i] = math.sin(angle)
    matrix[i, j] = -math.sin(angle)
    return matrix


def _proxies(bodies: tuple[Body, ...]) -> Floats:
    balls = np.zeros((BALLS_PER_SUBJECT * max(len(bodies), 1), 4))
    balls[:, 1] = -50.0  # unused ones lie where they shade nothing
    balls[:, 3] = 0.01
    for i, body in enumerate(bodies):
        matrix, offset = body.pose
        for j, (x, y, z, radius) in enumerate(look.BUILDS[body.subject.kind].balls):
            balls[BALLS_PER_SUBJECT * i + j] = (*(matrix @ np.array([x, y, z]) + offset), radius * np.cbrt(abs(np.linalg.det(matrix))))
    return balls


def _sprites(seed: int, shot: Shot, bodies: tuple[Body, ...], camera: Camera, time: float) -> tuple[Floats, Floats]:
    """Soft discs of one frame: (clip x, clip y, clip radius, distance) and (colour, opacity; negative adds light)."""
    random = np.random.default_rng([seed, 7])
    points, radii, colours = [], [], []
    if shot.weather == "snow":
        start = random.uniform((-0.2, 0.0, -1.6), (0.2, 2.2, 0.9), (12, 3))
        start[:, 0] += np.linspace(-1.5, 1.5, 12)
        fall = start[:, 1] - 0.5 * time
        sway = 0.12 * np.sin(1.3 * time + np.arange(12) * 2.1)
        points += [(x + s, y % 2.2 - 0.1, z) for (x, _, z), y, s in zip(start, fall, sway, strict=True)]
        radii += [0.1] * 12
        colours += [(0.95, 0.97, 1.0, 0.85)] * 12
    if shot.setting == "forest" and shot.light != "day" and shot.weather == "clear":
        start = random.uniform((-1.9, 0.35, -2.2), (1.9, 1.7, 0.3), (8, 3))
        start[:, 0] = np.linspace(-1.7, 1.7, 8) + 0.3 * start[:, 0] / 1.9
        angle = 0.9 * time + np.arange(8) * 2.4
        points += [(x + 0.16 * math.sin(a), y + 0.1 * math.cos(1.3 * a), z) for (x, y, z), a in zip(start, angle, strict=True)]
        radii += [0.13] * 8
        colours += [(0.9, 0.85, 0.3, -0.85)] * 8
    if shot.setting == "room":
        points += [(1.35, 1.35, -1.4), (-1.55, 1.22, -1.85)]
        radii += [0.75, 0.4 + 0.015 * math.sin(11.0 * time)]
        colours += [(0.75, 0.42, 0.14, -0.4), (0.9, 0.5, 0.16, -0.45)]
    for body in bodies:
        if body.subject.kind == "candle":
            matrix, offset = body.pose
            points.append(tuple(matrix @ np.array([0.0, 0.92, 0.15]) + offset))
            radii.append(0.42 + 0.02 * math.sin(13.0 * time + 2.0))
            colours.append((0.9, 0.5, 0.15, -0.42))
    if not points:
        return np.zeros((0, 4)), np.zeros((0, 4))
    flat = camera.project(np.array(points))
    near = np.maximum(flat[:, 2], 0.2)
    radius = np.array(radii) / near / np.linalg.norm(camera.axes[1])
    radius[flat[:, 2] < 0.3] = 1e-4
    distance = np.linalg.norm(np.array(points) - camera.eye, axis=1)
    return np.column_stack([flat[:, :2], radius, distance]), np.array(colours)


def fragment(stage: str, *key: str, truth: bool = False) -> str:
    """GLSL of one fragment program: ("background", setting, subjects), ("subject", kind) or ("resolve",)."""
    head = "#version 330\n" + ("#define TRUTH\n" if truth else "")
    if stage == "resolve":
        return head + f"#define SPRITES {MAX_SPRITES}\n" + _source("resolve")
    if stage == "subject":
        body = _source("subject").replace("//SUBJECT\n", _source(f"subject_{key[0]}"))
        return head + _source("frame") + _source("distance") + body
    setting, subjects = key
    head += f"#define PROXIES {BALLS_PER_SUBJECT * max(int(subjects), 1)}\n"
    parts = ("frame", "analytic", *(() if setting == "room" else ("outdoors",)), f"setting_{setting}", "background")
    return head + "".join(_source(part) for part in parts)


@cache
def _source(name: str) -> str:
    return resources.files("kinora.world").joinpath("glsl", f"{name}.glsl").read_text(encoding="utf-8")


def _whole(value: Any) -> bool:
    return isinstance(value, int) or (isinstance(value, tuple) and isinstance(value[0], int))


def _padded(rows: Floats) -> Floats:
    table = np.zeros((MAX_SPRITES, 4))
    table[: len(rows)] = rows
    return table


def _unit(vector: Floats) -> Floats:
    return vector / np.linalg.norm(vector)


def _unit_rows(rows: Floats) -> Floats:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def _context() -> Any:
    try:
        import moderngl
    except ImportError as error:
        raise Unavailable("moderngl", rule="draws the world and is not installed", remedy='pip install "kinora[world]"') from error
    try:
        return moderngl.create_context(standalone=True, backend="egl")
    except Exception as error:  # noqa: BLE001  moderngl raises bare Exception
        raise Unavailable("EGL", rule="could not be opened to draw the world", remedy="apt-get install libegl1 libgl1-mesa-dri") from error
