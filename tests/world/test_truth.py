from dataclasses import replace

import numpy as np
import pytest

from kinora.world.render import Renderer
from kinora.world.scene import Action, Scene, Shot, Subject
from kinora.world.vocabulary import SUBJECTS


def clip(kind="ball", verb="stand", camera="static", seconds=0.5, **shot):
    return Scene(
        shots=(
            Shot(
                subject=Subject(kind=kind, colour="red"),
                actions=(Action(verb=verb, start=0.0, end=seconds),),
                setting="meadow",
                light="day",
                weather="clear",
                camera=camera,
                seconds=seconds,
                **shot,
            ),
        ),
    )


@pytest.fixture(scope="module")
def renderer(gl):
    with Renderer(64, 64) as renderer:
        yield renderer


def test_shapes_and_types(renderer):
    truth = renderer.truth(clip())
    assert {name: (array.shape, array.dtype.name) for name, array in vars(truth).items()} == {
        "ids": ((5, 64, 64), "uint8"),
        "depth": ((5, 64, 64), "float16"),
        "flow": ((5, 64, 64, 2), "float16"),
        "position": ((5, 1, 2), "float32"),
        "box": ((5, 1, 4), "float32"),
        "visible": ((5, 1), "float32"),
    }


@pytest.mark.parametrize("kind", SUBJECTS)
def test_the_mask_fills_its_box(renderer, kind):
    truth = renderer.truth(clip(kind, seconds=0.0))
    rows, columns = np.nonzero(truth.ids[0] == 1)
    left, top, right, bottom = truth.box[0, 0]
    assert len(rows) > 0.06 * 64 * 64, "subjects are big"
    assert (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1) == (left, top, right, bottom)
    x, y = truth.position[0, 0]
    assert left < x < right
    assert top < y < bottom
    assert truth.visible[0, 0] == 1


def test_the_mask_is_where_the_picture_shows_the_subject(renderer):
    scene = clip("cube", seconds=0.0)
    frame, ids = renderer.render(scene)[0].astype(int), renderer.truth(scene).ids[0]
    red = frame[..., 0] - frame[..., 1] > 60
    assert (red & (ids == 0)).sum() < 0.05 * red.sum()


def test_depth_is_metres_along_the_gaze(renderer):
    truth = renderer.truth(clip(seconds=0.0))
    ball = truth.depth[0][truth.ids[0] == 1]
    assert 3.3 < ball.min() < 3.8
    assert ball.max() < 4.3
    assert truth.depth[0, 0, 40] > 12, "hills and sky are far"
    assert truth.depth[0, -1].max() < 3.5, "the ground at the lower edge is near"


@pytest.mark.parametrize(("verb", "sign"), [("move_left", -1), ("move_right", 1)])
def test_flow_follows_the_subject(renderer, verb, sign):
    truth = renderer.truth(clip("snowman", verb))
    mask = truth.ids[0] == 1
    assert (sign * truth.flow[0][mask][:, 0]).mean() > 1
    assert (truth.flow[0][~mask] == 0).all()
    step = truth.position[1, 0] - truth.position[0, 0]
    np.testing.assert_allclose(truth.flow[0][mask].astype(float).mean(axis=0), step, atol=0.6)
    assert (truth.flow[-1] == 0).all()


def test_flow_predicts_the_next_frame(renderer):
    """Pull frame t + 1 back along the flow: where nothing appears or vanishes, frame t comes out."""
    for scene in (clip("mushroom", camera="pan_left"), clip("cube", "spin", "orbit", 1.0), clip("creature", "grow")):
        frames, truth = renderer.render(scene).astype(float), renderer.truth(scene)
        rows, columns = np.mgrid[0:64, 0:64]
        x = columns + truth.flow[1, ..., 0].astype(float)
        y = rows + truth.flow[1, ..., 1].astype(float)
        inside = (x > 0) & (x < 63) & (y > 0) & (y < 63)
        pulled = frames[2][np.clip(np.rint(y), 0, 63).astype(int), np.clip(np.rint(x), 0, 63).astype(int)]
        error = np.abs(pulled - frames[1]).mean(axis=2)[inside]
        still = np.abs(frames[2] - frames[1]).mean(axis=2)[inside]
        assert error.mean() < 0.75 * still.mean()


def test_panning_moves_the_surroundings_the_other_way(renderer):
    flow = renderer.truth(clip(camera="pan_left")).flow[0, :20, :, 0]
    assert flow.min() > 0.5


def test_out_of_the_picture_is_out_of_sight(renderer):
    near = renderer.truth(clip("car", seconds=0.0))
    with Renderer(64, 20) as narrow:
        cut = narrow.truth(clip("car", seconds=0.0))
    assert near.visible[0, 0] == 1
    assert 0.2 < cut.visible[0, 0] < 0.95
    assert cut.box[0, 0, 0] < 0
    assert cut.box[0, 0, 2] > 20


def test_a_cut_has_no_flow(renderer):
    first = clip("ball", "move_left").shots[0]
    scene = Scene(shots=(first, replace(first, setting="beach")))
    truth = renderer.truth(scene)
    cut = int(first.seconds * scene.fps)
    assert (truth.flow[cut - 1] == 0).all()
    assert np.abs(truth.flow[cut]).max() > 1


def test_a_hidden_subject_is_there_but_not_seen(renderer):
    truth = renderer.truth(clip("cube", "hide", seconds=3.0))
    assert truth.visible[0, 0] == 1
    assert truth.visible[12, 0] < 0.05, "at most a sliver"
    assert np.isfinite(truth.box[12]).all()
    assert truth.visible[-1, 0] == 1


def test_each_thing_of_a_cast_has_its_own_mask(renderer):
    other = Subject(kind="cone", colour="blue", count=2)
    truth = renderer.truth(clip("cube", seconds=0.0, second=other, relation="left_of"))
    assert set(np.unique(truth.ids)) == {0, 1, 2, 3}
    assert truth.position[0, 0, 0] < truth.position[0, 1:, 0].min()
