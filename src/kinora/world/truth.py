"""The answer key of a clip: what is where, how far, how much of it can be seen, and where every pixel goes next.

Identity and distance are drawn by the same programs as the picture, one ray through each pixel's centre; the rest
follows from the poses. Flow is exact for whatever moves with an affine pose (squash and growth included) and for the
surroundings under a moving camera; it leaves out what changes shape (a flame) and the soft discs (flakes, fireflies),
which truth does not know.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kinora.world.view import Body, Camera, View

Floats = NDArray[np.float64]
FAR = 99.0
"""Distance, in metres, of the sky."""


@dataclass(frozen=True, kw_only=True)
class Truth:
    """T frames, K subjects in the order of `Shot.cast`; pixels count from the upper left corner, x right and y down.

    `ids` uint8 T H W: 0 surroundings, k + 1 subject k; `depth` float16 T H W: metres along the gaze (the sky: `FAR`
    metres along the ray); `flow` float16 T H W 2: pixels to the same point in the next frame, zero in the last frame of
    a shot; `position` float32 T K 2: the middle of the subject; `box` float32 T K 4: left, top, right, bottom of its
    outline, hidden parts and parts outside the picture included; `visible` float32 T K: share of the outline's pixels
    that the picture shows.
    A subject that is not in the shot or out of sight has NaN position and box and is 0 visible.
    """

    ids: NDArray[np.uint8]
    depth: NDArray[np.float16]
    flow: NDArray[np.float16]
    position: NDArray[np.float32]
    box: NDArray[np.float32]
    visible: NDArray[np.float32]


class TruthBuilder:
    """Collects drawn frames into a `Truth`; `shape` is (T, K), `size` (height, width), `wide` as in `add_alone`."""

    def __init__(self, shape: tuple[int, ...], size: tuple[int, int], wide: int) -> None:
        self._size, self._wide = size, wide
        self._views: list[View] = []
        self._ids = np.zeros((shape[0], *size), np.uint8)
        self._distance = np.full((shape[0], *size), FAR)
        self._position = np.full((*shape, 2), np.nan, np.float32)
        self._box = np.full((*shape, 4), np.nan, np.float32)
        self._visible = np.zeros(shape, np.float32)

    def add(self, view: View, drawn: NDArray[np.float32]) -> None:
        """The next frame: channels identity and distance, H W 4."""
        t = len(self._views)
        self._views.append(view)
        self._ids[t] = np.rint(drawn[..., 0])
        self._distance[t] = drawn[..., 1]
        for body in view.bodies:
            self._position[t, body.index] = _pixels(view.camera, body.middle, self._size)

    def add_alone(self, body: Body, drawn: NDArray[np.float32]) -> None:
        """One subject of that frame drawn alone, in a picture that spans `wide` times as much at the same scale."""
        t = len(self._views) - 1
        height, width = self._size
        rows, columns = np.nonzero(drawn[..., 0] > 0.5)
        if len(rows) == 0:
            return
        left, top = width * (self._wide - 1) / 2, height * (self._wide - 1) / 2
        outline = (columns.min() - left, rows.min() - top, columns.max() + 1 - left, rows.max() + 1 - top)
        self._box[t, body.index] = outline
        self._visible[t, body.index] = min(1.0, float(np.sum(self._ids[t] == body.index + 1)) / len(rows))

    def finish(self) -> Truth:
        """The whole clip."""
        depth = np.stack(
            [d * _along(view.camera, self._size) for d, view in zip(self._distance, self._views, strict=True)]
        )
        flow = np.zeros((*self._ids.shape, 2), np.float16)
        for t, (view, then) in enumerate(zip(self._views, self._views[1:], strict=False)):
            if then.shot is view.shot:
                flow[t] = _flow(view, then, self._ids[t], self._distance[t])
        return Truth(
            ids=self._ids,
            depth=depth.astype(np.float16),
            flow=flow,
            position=self._position,
            box=self._box,
            visible=self._visible,
        )


def _flow(view: View, then: View, ids: NDArray[np.uint8], distance: Floats) -> Floats:
    """Reproject every surface point with the pose that it has in the next frame."""
    size = ids.shape[0], ids.shape[1]
    rays = view.camera.rays(*size)
    points = view.camera.eye + rays * distance[..., None]
    moved = np.where((distance >= FAR)[..., None], then.camera.eye + rays * FAR, points)
    later = {body.index: body for body in then.bodies}
    for body in view.bodies:
        mask = ids == body.index + 1
        if body.index in later:
            moved[mask] = later[body.index].place((points[mask] - body.offset) @ np.linalg.inv(body.matrix).T)
    return _pixels(then.camera, moved, size) - _pixels(view.camera, points, size)


def _pixels(camera: Camera, points: Floats, size: tuple[int, int]) -> Floats:
    clip = camera.project(points)[..., :2]
    pixels: Floats = (clip * (1, -1) + 1) * (size[1] / 2, size[0] / 2)
    return pixels


def _along(camera: Camera, size: tuple[int, int]) -> Floats:
    """Cosine between every pixel's ray and the gaze."""
    cosine: Floats = camera.rays(*size) @ camera.axes[2]
    return cosine
