import hashlib
import itertools
import json
import subprocess
import sys
from dataclasses import replace

import moderngl
import numpy as np
import pytest

from kinora.errors import InvalidRequest, Unavailable
from kinora.world.gl import open_context
from kinora.world.look import LIGHTS, PALETTE
from kinora.world.render import Renderer
from kinora.world.scene import Action, Scene, Shot, Subject
from kinora.world.vocabulary import COLOURS, MATERIALS, SETTINGS, STYLES, SUBJECTS, ids

WET = ("clear", "rain", "fog")


def still(kind="ball", colour="red", setting="meadow", light="day", **shot):
    """One frame of one subject; `shot` overrides (weather, camera, verb, seconds)."""
    seconds = shot.get("seconds", 0.0)
    return Scene(
        shots=(
            Shot(
                subject=Subject(kind=kind, colour=colour),
                actions=(Action(verb=shot.get("verb", "stand"), start=0.0, end=seconds),),
                setting=setting,
                light=light,
                weather=shot.get("weather", "clear"),
                camera=shot.get("camera", "static"),
                seconds=seconds,
            ),
        ),
        height=64,
        width=64,
    )


@pytest.fixture(scope="module")
def renderer(gl):
    with Renderer(64, 64) as renderer:
        yield renderer


def test_frames_are_bytes_of_the_renderers_size(renderer):
    frames = renderer.render(still(seconds=0.5))
    assert frames.shape == (5, 64, 64, 3)
    assert frames.dtype == np.uint8
    with Renderer(48, 80, samples=1) as wide:
        assert wide.render(still()).shape == (1, 48, 80, 3)
        beside = renderer.render(still(seconds=0.5))
    assert (beside == frames).all(), "renderers do not disturb each other"


@pytest.mark.parametrize("kind", ids(SUBJECTS, "core"))
def test_the_subject_shows_the_colour_that_its_caption_names(renderer, kind):
    """Of all words, the one nearest to the subject's typical pixel is the one asked for."""
    words = [name for name in ids(COLOURS, "core") if name != "white"]
    for name in words:
        scene = still(kind, name)
        frame, ids_ = renderer.render(scene)[0], renderer.truth(scene).ids[0]
        pixels = frame[ids_ == 1].astype(float)
        saturated = np.median(pixels, axis=0)
        fits = {word: _alike(saturated, PALETTE[word]) for word in words}
        assert max(fits, key=fits.__getitem__) == name


def _alike(pixel, colour):
    a, b = pixel - pixel.mean(), np.array(colour) - np.mean(colour)
    return a @ b / np.linalg.norm(a) / np.linalg.norm(b)


def test_settings_and_lights_differ(renderer):
    frames = {
        (setting, light): renderer.render(still(setting=setting, light=light))[0].astype(float)
        for setting in ids(SETTINGS)
        for light in LIGHTS
        if setting != "room" or light == "night"
    }
    pairs = itertools.combinations(frames, 2)
    assert min(np.abs(frames[one] - frames[other]).mean() for one, other in pairs) > 6


FRESH = """
import hashlib, json, sys
from kinora.world import Renderer, Scene
with Renderer(64, 64) as renderer:
    print(hashlib.sha256(renderer.render(Scene.from_dict(json.load(sys.stdin))).tobytes()).hexdigest())
"""


def test_the_same_scene_gives_the_same_bytes_in_any_process(renderer):
    scene = still("candle", "purple", "forest", "night", weather="snow", seconds=0.25, verb="hop")
    once = renderer.render(scene)
    assert (renderer.render(scene) == once).all()
    fresh = subprocess.run(
        [sys.executable, "-c", FRESH], input=json.dumps(scene.to_dict()), capture_output=True, text=True, check=True
    )
    assert fresh.stdout.strip() == hashlib.sha256(once.tobytes()).hexdigest()


def test_a_static_camera_leaves_the_surroundings_alone(renderer):
    scene = still("creature", "blue", "beach", verb="spin", seconds=1.0)
    frames, ids_ = renderer.render(scene).astype(int), renderer.truth(scene).ids
    change = np.abs(frames - frames[0]).max(axis=(0, 3))
    changed = change > 2
    rows = np.nonzero((ids_ > 0).any(axis=0))[0]
    assert not changed[: rows.min() - 2].any(), "nothing above the subject moves"
    assert changed.mean() < 0.35, "only the subject and its shadow move"


def test_a_moving_camera_moves_the_surroundings(renderer):
    for camera in ("pan_left", "zoom_in", "orbit"):
        frames = renderer.render(still(camera=camera, seconds=1.0)).astype(int)
        assert np.abs(frames[-1] - frames[0])[:20].mean() > 4


def test_left_is_left(renderer):
    def middle(frame):
        red = (frame[..., 0].astype(int) - frame[..., 1] > 60).nonzero()[1]
        return red.mean()

    frames = renderer.render(still(verb="move_left", seconds=1.0))
    assert middle(frames[0]) > 34 > 30 > middle(frames[-1])
    frames = renderer.render(still(verb="move_right", seconds=1.0))
    assert middle(frames[0]) < 30 < 34 < middle(frames[-1])


def test_a_rolling_ball_turns(renderer):
    frames = renderer.render(still(verb="spin", seconds=1.0))
    assert np.abs(frames[2].astype(int) - frames[0]).max() > 60


def test_snow_falls(renderer):
    frames = renderer.render(still(setting="snowfield", light="night", weather="snow", seconds=0.5)).astype(int)
    clear = renderer.render(still(setting="snowfield", light="night", seconds=0.5)).astype(int)
    assert (np.abs(frames - clear).max(axis=3) > 30).any(axis=(1, 2)).all()
    assert np.abs(frames[-1] - frames[0]).max() > 60
    assert (clear[-1] == clear[0]).all()


@pytest.mark.parametrize("style", [style for style in STYLES if style != "3D animation"])
def test_every_style_redraws_the_scene(renderer, style):
    plain, drawn = (renderer.render(replace(still(), style=name))[0].astype(float) for name in ("3D animation", style))
    assert np.abs(plain - drawn).mean() > 1.8
    assert drawn[40, 32, 0] > drawn[40, 32, 1] + 20, "the ball stays red"


def test_rain_falls_and_fog_hides_what_is_far(renderer):
    clear, rain, fog = (renderer.render(still(weather=name, seconds=0.25)).astype(float) for name in WET)
    assert np.abs(rain[2] - rain[1]).max() > 15
    assert (clear[2] == clear[1]).all()
    assert fog[0, 5:25].std() < 0.6 * clear[0, 5:25].std()


def test_shiny_glass_and_fluffy_things_look_different(renderer):
    frames = []
    for material in MATERIALS:
        scene = still("cube", "blue")
        subject = replace(scene.shots[0].subject, material=material)
        frames.append(renderer.render(replace(scene, shots=(replace(scene.shots[0], subject=subject),))).astype(int))
    assert min(np.abs(a - b).max() for a, b in itertools.combinations(frames, 2)) > 10


def test_more_samples_smooth_the_edges(gl):
    def roughness(samples):
        with Renderer(64, 64, samples) as renderer:
            frame = renderer.render(still("cube", "red", "snowfield"))[0].astype(int)
        return np.abs(np.diff(frame, 2, axis=1)).astype(float).mean()

    assert roughness(4) < roughness(1)


def test_impossible_sizes_are_named():
    with pytest.raises(InvalidRequest, match="samples are 1, 2 or 4"):
        Renderer(64, 64, samples=3)


def test_without_opengl_the_remedy_is_named(monkeypatch):
    def missing(*_, **__):
        raise Exception("(standalone) libEGL.so.1: cannot open shared object file")

    monkeypatch.setattr(moderngl, "create_context", missing)
    with pytest.raises(Unavailable, match="apt-get install libegl1"):
        open_context()
