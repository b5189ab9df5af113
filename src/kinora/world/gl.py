"""OpenGL as the renderer needs it: a context without a window, programs from snippets, a float target.

llvmpipe compiles a program once a process (and keeps it in Mesa's cache), so the number of programs is kept small and
everything that may change between two frames is a uniform.
"""

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kinora.errors import Unavailable

BALLS_PER_SUBJECT = 3
MAX_SPRITES = 24
STYLES = frozenset({"CARTOON", "PENCIL", "PIXEL"})
"""The styles that redraw the finished samples; clay changes the light instead."""


def fragment(stage: str, *key: str, defines: frozenset[str] = frozenset()) -> str:
    """GLSL of a fragment program: ("background", setting, subjects), ("subject", kind) or ("resolve",).

    `defines` name variants: TRUTH (identity and distance instead of colour), the styles, RAIN,
    OVERCAST (no sun), VEIL (fog), WALL (to hide behind), MIRROR and GLASS (materials).
    """
    head = "#version 330\n" + "".join(f"#define {name}\n" for name in defines)
    if stage == "resolve":
        style = "#define STYLED\n" + source("style") if defines & STYLES else ""
        return head + f"#define SPRITES {MAX_SPRITES}\n" + source("resolve").replace("//STYLE", style)
    if stage == "subject":
        return (
            head
            + source("frame")
            + source("distance")
            + source("subject").replace("//SUBJECT", source(f"subject_{key[0]}"))
        )
    setting, subjects = key
    head += f"#define PROXIES {BALLS_PER_SUBJECT * max(int(subjects), 1)}\n"
    parts = ("frame", "analytic", *(() if setting == "room" else ("outdoors",)), f"setting_{setting}", "background")
    return head + "".join(source(part) for part in parts)


@cache
def source(name: str) -> str:
    """A shader file of this package."""
    return resources.files("kinora.world").joinpath("glsl", f"{name}.glsl").read_text(encoding="utf-8")


class Program:
    """A compiled program that draws rectangles and skips the uniforms it lacks and those that have not changed."""

    def __init__(self, gl: Any, fragment_shader: str) -> None:
        program = gl.program(vertex_shader=source("quad.vert"), fragment_shader=fragment_shader)
        self._vertices = gl.vertex_array(program, [])
        self._strip = gl.TRIANGLE_STRIP
        self._members = {name: program[name] for name in program if not name.startswith("gl_")}
        self._last: dict[str, bytes] = {}

    def draw(self, bounds: tuple[float, float, float, float], values: Mapping[str, Any]) -> None:
        """Fill left, bottom, right, top (clip units); Python integers stay whole, all other uniforms are float32."""
        for name, member in self._members.items():
            value = bounds if name == "bounds" else values[name]
            data = np.asarray(value, np.int32 if _whole(value) else np.float32).tobytes()
            if self._last.get(name) != data:
                member.write(data)
                self._last[name] = data
        self._vertices.render(self._strip, vertices=4)


class Target:
    """Where programs draw: four float32 channels beside a depth buffer, `size` = (width, height)."""

    def __init__(self, gl: Any, size: tuple[int, int]) -> None:
        self.size = size
        self.texture = gl.texture(size, 4, dtype="f4")
        self.texture.filter = (gl.NEAREST, gl.NEAREST)
        self.framebuffer = gl.framebuffer([self.texture], gl.depth_renderbuffer(size))

    def read(self) -> NDArray[np.float32]:
        """All channels, float32 H W 4, top row first."""
        data = np.frombuffer(self.framebuffer.read(components=4, alignment=1, dtype="f4"), np.float32)
        return data.reshape(self.size[1], self.size[0], 4)[::-1]


def open_context() -> Any:
    """A GL context without a window; Unavailable, with the remedy, where there is none."""
    try:
        import moderngl
    except ImportError as error:
        raise Unavailable(
            "moderngl", rule="draws the world and is not installed", remedy='pip install "kinora[world]"'
        ) from error
    try:
        return moderngl.create_context(standalone=True, backend="egl")  # type: ignore[arg-type]  # its stub says dict
    except Exception as error:  # glcontext raises nothing more specific
        raise Unavailable(
            "OpenGL",
            rule="could not be opened through EGL to draw the world",
            remedy="apt-get install libegl1 libgl1 libgl1-mesa-dri",
        ) from error


def _whole(value: Any) -> bool:
    return isinstance(value, int) or (isinstance(value, tuple) and isinstance(value[0], int))
