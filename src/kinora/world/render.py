"""Scene graph -> frames: signed-distance subjects in an analytic world, drawn by OpenGL on the CPU (EGL, llvmpipe).

A frame is three kinds of pass. The surroundings are closed-form over the whole frame; each subject is marched inside
the rectangle that its bounding box covers; a last pass averages the samples and adds flakes and glows. Programs depend
only on the setting and on the kind of subject, so a few small ones serve every scene; all else is uniforms.

Same scene + `kinora.world.VERSION` -> same bytes. Where several processes draw, set LP_NUM_THREADS=0 for each of them:
it then draws on its own thread alone.
"""

from collections.abc import Mapping
from functools import cached_property
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kinora.errors import InvalidRequest
from kinora.world.gl import STYLES, Program, Target, fragment, open_context
from kinora.world.lens import soften
from kinora.world.motion import animate
from kinora.world.scene import Scene, Shot
from kinora.world.truth import Truth, TruthBuilder
from kinora.world.view import Body, Camera, View, views

JITTER = {
    1: ((0.0, 0.0),),
    2: ((-0.25, -0.25), (0.25, 0.25)),
    4: ((-0.375, -0.125), (0.125, -0.375), (0.375, 0.125), (-0.125, 0.375)),
}
"""Sub-pixel positions of the samples, in pixels."""
TRUTH, WALL, RAIN, GLASS = (frozenset({name}) for name in ("TRUTH", "WALL", "RAIN", "GLASS"))
LIT = frozenset({"TRUTH", "CLAY"})
"""The variants that change how surroundings and subjects are lit; the others redraw the finished samples."""
WEATHERS: Mapping[str, frozenset[str]] = {"rain": frozenset({"OVERCAST"}), "fog": frozenset({"OVERCAST", "VEIL"})}
COATS: Mapping[str, frozenset[str]] = {"shiny": frozenset({"MIRROR"}), "glass": GLASS | {"MIRROR"}}
VARIANTS: Mapping[str, frozenset[str]] = {
    "cartoon": frozenset({"CARTOON"}),
    "pencil": frozenset({"PENCIL"}),
    "pixel": frozenset({"PIXEL"}),
    "clay": frozenset({"CLAY"}),
}
WHOLE = (-1.0, -1.0, 1.0, 1.0)
WIDE = 2
"""How much more than the picture is searched for the parts of a subject that lie outside it."""


class Renderer:
    """Draws scenes at one size; owns a GL context, so use it as a context manager and from one thread. Several may live
    side by side: each makes its own context current while it draws.

    `samples` a pixel (1, 2 or 4) are averaged in linear light. Raises Unavailable where OpenGL cannot be opened.
    """

    def __init__(self, height: int, width: int, samples: int = 2) -> None:
        if samples not in JITTER or min(height, width) < 1:
            raise InvalidRequest(
                f"{width}x{height}, {samples} samples",
                rule="sizes are positive and samples are 1, 2 or 4",
                remedy="128x128, 2",
            )
        self.height, self.width, self.samples = height, width, samples
        self._gl = open_context()
        self._gl.blend_func = (self._gl.SRC_ALPHA, self._gl.ONE_MINUS_SRC_ALPHA, self._gl.ZERO, self._gl.ONE)
        self._programs: dict[tuple[tuple[str, ...], frozenset[str]], Program] = {}
        self._target = Target(self._gl, (width * samples, height))
        self._display = self._gl.framebuffer([self._gl.texture((width, height), 4)])

    def __enter__(self) -> "Renderer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Free the GL context; the renderer is of no use afterwards."""
        self._gl.release()

    def render(self, scene: Scene) -> NDArray[np.uint8]:
        """All frames of the scene, uint8 T H W 3, at this renderer's size whatever the scene names."""
        track = animate(scene)
        variant = VARIANTS.get(scene.style, frozenset())
        frames = np.empty((len(track.time), self.height, self.width, 3), np.uint8)
        with self._gl:
            for t, view in enumerate(views(scene, track, self.height, self.width)):
                self._target.framebuffer.use()
                for index, (dx, dy) in enumerate(JITTER[self.samples]):
                    self._gl.viewport = (index * self.width, 0, self.width, self.height)
                    self._draw(view, (2 * dx / self.width, 2 * dy / self.height), variant)
                frames[t] = self._resolve(view, variant)
        return frames if scene.style == "pixel" else soften(frames)  # pixel art has no lens

    def truth(self, scene: Scene) -> Truth:
        """What the frames of `render` show, pixel by pixel and subject by subject (see `Truth`)."""
        track = animate(scene)
        builder = TruthBuilder(track.visible.shape, (self.height, self.width), WIDE)
        with self._gl:
            seen, alone = self._truth_targets
            for view in views(scene, track, self.height, self.width):
                seen.framebuffer.use()
                self._gl.viewport = (0, 0, self.width, self.height)
                self._draw(view, (0.0, 0.0), TRUTH)
                builder.add(view, seen.read())
                wide = view.camera.widened(WIDE)
                for body in view.bodies:
                    alone.framebuffer.use()
                    alone.framebuffer.clear(depth=1.0)
                    self._gl.viewport = (0, 0, *alone.size)
                    self._draw_body(body, wide, {**view.uniforms, **wide.uniforms, "jitter": (0.0, 0.0)}, TRUTH)
                    builder.add_alone(body, alone.read())
        return builder.finish()

    @cached_property
    def _truth_targets(self) -> tuple[Target, Target]:
        """For a frame, and for one subject of it alone in a wider picture."""
        size = (self.width, self.height)
        return Target(self._gl, size), Target(self._gl, (size[0] * WIDE, size[1] * WIDE))

    def _draw(self, view: View, jitter: tuple[float, float], variant: frozenset[str]) -> None:
        """Surroundings and subjects into the viewport that is set."""
        uniforms = {**view.uniforms, "jitter": jitter}
        self._gl.enable_only(self._gl.DEPTH_TEST)
        self._gl.depth_func = "1"
        place = variant & LIT | _surroundings(view.shot)
        self._program("background", view.shot.setting, str(len(view.bodies)), variant=place).draw(WHOLE, uniforms)
        self._gl.depth_func = "<"
        for body in sorted(view.bodies, key=_clear):
            self._draw_body(body, view.camera, uniforms, variant)

    def _draw_body(self, body: Body, camera: Camera, uniforms: dict[str, Any], variant: frozenset[str]) -> None:
        coat = frozenset() if variant == TRUTH else COATS.get(body.subject.material, frozenset())
        if coat >= GLASS:
            self._gl.enable(self._gl.BLEND)
        program = self._program("subject", body.subject.kind, variant=variant & LIT | coat)
        program.draw(body.bounds(camera), {**uniforms, **body.uniforms})
        self._gl.disable(self._gl.BLEND)

    def _resolve(self, view: View, variant: frozenset[str]) -> NDArray[np.uint8]:
        """Samples -> one finished frame."""
        self._display.use()
        self._gl.enable_only(self._gl.NOTHING)
        self._gl.viewport = (0, 0, self.width, self.height)
        self._target.texture.use(0)
        values = {**view.overlay, "samples_": 0, "size": (self.width, self.height), "count": self.samples}
        rain = RAIN if view.shot.weather == "rain" else frozenset()
        self._program("resolve", variant=variant & STYLES | rain).draw(WHOLE, values)
        data = np.frombuffer(self._display.read(components=3, alignment=1), np.uint8)
        return data.reshape(self.height, self.width, 3)[::-1]

    def _program(self, *key: str, variant: frozenset[str]) -> Program:
        if (key, variant) not in self._programs:
            self._programs[key, variant] = Program(self._gl, fragment(*key, defines=variant))
        return self._programs[key, variant]


def _surroundings(shot: Shot) -> frozenset[str]:
    """Variants that weather and action ask of the surroundings."""
    hides = any(action.verb == "hide" for action in (*shot.actions, *shot.second_actions))
    return WEATHERS.get(shot.weather, frozenset()) | (WALL if hides else frozenset())


def _clear(body: Body) -> bool:
    """Glass is drawn last, over what stands behind it."""
    return body.subject.material == "glass"
