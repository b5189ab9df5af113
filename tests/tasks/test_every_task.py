"""Every task on every configuration of Wan's, tiny random weights in real layouts, from the command line and a server.

What a model can't do is refused before anything is computed, naming one that can.
"""

import base64
import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import av
import httpx
import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from kinora.checkpoints.cards import CARDS
from kinora.checkpoints.wan.tiny import save_tiny
from kinora.cli import main
from kinora.media import write_clip
from kinora.safety.provenance import read_file

pytestmark = pytest.mark.slow

SIDE, STEPS = 64, 2
WORDS = ("generate", "image", "loop", "story")
FIRST = ("animate", "extend", "story of pictures")
BOTH = ("join", "blend", "close", "remix", "mask")
EVERY = (*WORDS, *FIRST, "precede", *BOTH)

TABLE = {
    "wan2.1-t2v-1.3b": ("original", EVERY),
    "wan2.1-t2v-14b": ("comfyui", EVERY),
    "wan2.1-i2v-14b-480p": ("diffusers", FIRST + BOTH),
    "wan2.1-flf2v-14b-720p": ("comfyui", BOTH),
    "wan2.2-t2v-a14b": ("diffusers", EVERY),
    "wan2.2-i2v-a14b": ("original", FIRST + BOTH),
    "wan2.2-ti2v-5b": ("original", EVERY),
}
"""For each configuration the layout that its tiny weights lie in here, and the tasks it does; the others it refuses."""

ABLE = {"words": "wan2.1-t2v-1.3b", "first": "wan2.1-i2v-14b-480p", "last": "wan2.2-ti2v-5b"}
"""A model that each refusal has to name, by what was brought."""

FRAMES = {
    "generate": 5, "image": 1, "loop": 12, "story": 10, "animate": 5, "extend": 9, "story of pictures": 10,
    "precede": 9, "join": 14, "blend": 14, "close": 9, "remix": 5, "mask": 5,
}  # fmt: skip


def brought(task: str) -> str:
    """What of a clip's ends a task brings."""
    return "words" if task in WORDS else "last" if task == "precede" else "first" if task in FIRST else "both"


@dataclass(frozen=True)
class Case:
    """One configuration: its model as it is named, and a folder with what a user brings, at its frame rate."""

    card: str
    model: str
    does: tuple[str, ...]
    folder: Path

    @property
    def fps(self) -> int:
        return CARDS[self.card].defaults.fps

    def seconds(self, frames: int) -> float:
        return round(frames / self.fps, 6)


@pytest.fixture(scope="module")
def cases(tmp_path_factory) -> dict[str, Case]:
    """All of them."""
    made = {}
    for name, (layout, does) in TABLE.items():
        place = save_tiny(tmp_path_factory.mktemp("model"), CARDS[name].architecture, layout=layout)
        made[name] = Case(name, f"{name}@{place}", does, sources(tmp_path_factory.mktemp("brought"), name))
    return made


def sources(folder: Path, name: str) -> Path:
    """A picture, clips of five and of nine frames, a mask and a storyboard; calm, since what flashes is refused."""
    fps = CARDS[name].defaults.fps
    rows = np.linspace(40, 200, SIDE).astype(np.uint8)
    picture = np.broadcast_to(rows[:, None, None], (SIDE, SIDE, 3)).copy()
    Image.fromarray(picture).save(folder / "still.png")
    Image.fromarray(np.where(np.arange(SIDE)[:, None, None] < SIDE // 2, 255, 0).astype(np.uint8).repeat(
        SIDE, axis=1).repeat(3, axis=2)).save(folder / "mask.png")  # fmt: skip
    other = picture[::-1] // 2 + 40
    for file, shade, count in (("one", picture, 5), ("two", other, 5), ("long", picture, 9), ("other", other, 9)):
        write_clip(folder / f"{file}.mp4", np.stack([shade] * count), fps=fps)
    shots = "".join(
        f"  - {{prompt: a ball {moves}, seconds: {5 / fps}, image: still.png}}\n" for moves in ("rolls", "stops")
    )
    (folder / "board.yaml").write_text(f"shots:\n{shots}")
    return folder


ALONE = {
    "generate": "wan2.1-t2v-1.3b", "image": "wan2.1-t2v-14b", "loop": "wan2.2-t2v-a14b", "story": "wan2.2-ti2v-5b",
    "animate": "wan2.2-i2v-a14b", "extend": "wan2.2-ti2v-5b", "story of pictures": "wan2.1-i2v-14b-480p",
    "precede": "wan2.1-t2v-14b", "join": "wan2.1-flf2v-14b-720p", "blend": "wan2.1-flf2v-14b-720p",
    "close": "wan2.2-t2v-a14b", "remix": "wan2.1-i2v-14b-480p", "mask": "wan2.2-ti2v-5b",
}  # fmt: skip
"""For each task the configuration on which it runs as a program of its own, as a user's does."""

CELLS = [(name, task) for name in TABLE for task in EVERY]
SETTINGS = ("sampler", "shift", "guidance_high", "boundary")


def command(case: Case, task: str) -> list[object]:
    """What a user types for a task, without the options that all share."""
    short, some = ("--seconds", case.seconds(5)), ("--seconds", case.seconds(4))
    return {
        "generate": ["generate", "a red ball", *short],
        "image": ["image", "a red ball"],
        "loop": ["loop", "a red ball", "--seconds", case.seconds(12)],
        "story": ["story", "A red ball rolls. Cut to a forest.", "--seconds", case.seconds(10)],
        "animate": ["animate", "still.png", "it rolls", *short],
        "extend": ["extend", "one.mp4", "it rolls", *some],
        "story of pictures": ["story", "board.yaml"],
        "precede": ["extend", "one.mp4", "it rolls", "--direction", "backward", *some],
        "join": ["join", "one.mp4", "two.mp4", "--prompt", "it rolls", *some],
        "blend": ["blend", "long.mp4", "other.mp4", *some],
        "close": ["loop", "one.mp4", *some],
        "remix": ["remix", "one.mp4", "a blue ball"],
        "mask": ["remix", "one.mp4", "a blue ball", "--mask", "mask.png"],
    }[task]


@pytest.fixture
def kinora(monkeypatch, capsys):
    """Run a command in this process, in a case's folder: exit code, standard output, standard error."""
    monkeypatch.setenv("COLUMNS", "200")
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def run(case: Case, *words: object) -> tuple[int, str, str]:
        monkeypatch.chdir(case.folder)
        with pytest.raises(SystemExit) as left:
            main([str(one) for one in words])
        return left.value.code, *capsys.readouterr()

    yield run
    for number, handler in handlers.items():
        signal.signal(number, handler)


def kinora_alone(case: Case, *words: object) -> tuple[int, str, str]:
    """The same as a program of its own."""
    words = [sys.executable, "-m", "kinora", *map(str, words)]
    done = subprocess.run(words, cwd=case.folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(("name", "task"), CELLS)
def test_from_the_command_line(cases, kinora, name, task):
    case = cases[name]
    path = case.folder / ("made.png" if task == "image" else "made.mp4")
    path.unlink(missing_ok=True)
    told = ["--model", case.model, "--size", f"{SIDE}x{SIDE}", "--steps", STEPS, "--seed", 1, "-o", path, "--json"]
    run = kinora_alone if ALONE[task] == name else kinora
    code, out, complaint = run(case, *command(case, task), *told)
    if task not in case.does:
        assert code == 2, out
        assert name in complaint
        assert ABLE[brought(task)] in complaint.partition("another model: ")[2]
        assert not path.exists()
        return
    assert code == 0, complaint
    report, own = json.loads(out), CARDS[name].defaults
    settings = {"sampler": own.solver, "shift": own.shift, "guidance_high": own.guidance_high, "boundary": own.boundary}
    settings = {name: value for name, value in settings.items() if value is not None} | {"steps": STEPS}
    assert (report["frames"], report["size"]) == (FRAMES[task], f"{SIDE}x{SIDE}")
    assert {**report, **settings} == report
    assert report["negative"] == own.negative
    signed = read_file(path).generation["settings"]
    assert {**signed, **settings} == signed


def request(case: Case, task: str) -> tuple[str, dict[str, object], dict[str, str]]:
    """What a program posts for a task: path, fields, and files by the field they are sent in."""
    long, some, ball = case.seconds(5), case.seconds(4), {"prompt": "a red ball"}
    url = "data:image/png;base64," + base64.b64encode((case.folder / "still.png").read_bytes()).decode()
    shots = [
        {"prompt": f"a ball {moves}", "seconds": long, "image": {"image_url": url}} for moves in ("rolls", "stops")
    ]
    sized = {"size": f"{SIDE}x{SIDE}"}
    return {
        "generate": ("/videos", {**ball, **sized, "seconds": long}, {}),
        "image": ("/images/generations", {**ball, **sized}, {}),
        "loop": ("/videos/loops", {**ball, **sized, "seconds": case.seconds(12)}, {}),
        "story": ("/videos/stories", {"prompt": STORY, **sized, "seconds": case.seconds(10)}, {}),
        "animate": ("/videos", {**ball, **sized, "seconds": long}, {"input_reference": "still.png"}),
        "extend": ("/videos/extensions", {**ball, "seconds": some}, {"video": "one.mp4"}),
        "story of pictures": ("/videos/stories", {"shots": shots, **sized}, {}),
        "precede": ("/videos/extensions", {**ball, "seconds": some, "direction": "backward"}, {"video": "one.mp4"}),
        "blend": ("/videos/blends", {**sized, "seconds": some}, {"first": "long.mp4", "second": "other.mp4"}),
        "close": ("/videos/loops", {**sized, "seconds": some}, {"video": "one.mp4"}),
        "remix": ("/videos/edits", ball, {"video": "one.mp4"}),
        "mask": ("/videos/edits", ball, {"video": "one.mp4", "mask": "mask.png"}),
    }[task]


SERVED = [(name, task) for name, task in CELLS if task != "join"]
"""The API has no join: OpenAI's has none, and /blends takes two videos."""


@pytest.fixture(scope="module")
def client(cases, tmp_path_factory):
    """A client of `kinora serve` with one worker, which offers every configuration."""
    folder = tmp_path_factory.mktemp("served")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    styled = f"{cases['wan2.1-t2v-1.3b'].model}+{lora(folder)}:0.5"
    first, *others = (*(case.model for case in cases.values()), styled)
    told = {"KINORA_MODELS": ",".join(others), "KINORA_ALIASES": f"styled={styled}"}
    told |= {"KINORA_THREADS": "1", "KINORA_PREVIEW": "0"}
    words = ["serve", "--port", port, "--model", first, "--storage", folder / "files", "--database", folder / "jobs.db"]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "kinora", *map(str, words)], env={**os.environ, **told}, stdout=log, stderr=log
        )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}/v1", headers=KEY, timeout=120) as found:
            waited(lambda: server.poll() is not None or alive(found))
            assert server.poll() is None, (folder / "log").read_text()
            yield found
    finally:
        server.terminate()
        server.wait(60)


def lora(folder: Path) -> Path:
    """A LoRA for tiny transformers."""
    pair = {"lora_down": torch.ones(2, 48), "lora_up": torch.ones(48, 2)}
    tensors = {f"diffusion_model.blocks.0.self_attn.v.{half}.weight": tensor for half, tensor in pair.items()}
    save_file(tensors, folder / "style.safetensors")
    return folder / "style.safetensors"


def decoded(content: bytes) -> list[np.ndarray]:
    with av.open(io.BytesIO(content)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


KEY = {"Authorization": "Bearer any"}
STORY = "A red ball rolls. Cut to a forest."


def alive(client: httpx.Client) -> bool:
    try:
        return client.get("/models").is_success
    except httpx.TransportError:
        return False


def waited(until, seconds: float = 900.0):
    """What `until` says, once it says something."""
    end = time.monotonic() + seconds
    while not (found := until()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)
    return found


def post(client: httpx.Client, case: Case, path: str, fields: dict, files: dict[str, str]) -> httpx.Response:
    named = {} if path.endswith("/remix") else {"model": case.model}
    body = {**fields, **named, "steps": STEPS, "seed": 1}
    if not files:
        return client.post(path, json=body)
    return client.post(
        path, data=body, files={role: (file, (case.folder / file).read_bytes()) for role, file in files.items()}
    )


@pytest.fixture(scope="module")
def answers(cases, client) -> dict[tuple[str, str], httpx.Response]:
    """Pictures, which are waited for, before all the rest is asked at once: the worker never waits."""
    styled = replace(cases["wan2.1-t2v-1.3b"], model="styled")
    asked = {("styled", "generate"): post(client, styled, *request(styled, "generate"))}
    ordered = sorted(SERVED, key=lambda cell: cell[1] != "image")
    return asked | {(name, task): post(client, cases[name], *request(cases[name], task)) for name, task in ordered}


@pytest.mark.parametrize(("name", "task"), SERVED)
def test_through_the_server(cases, client, answers, name, task):
    case = cases[name]
    answer = answers[name, task]
    if task not in case.does:
        error = answer.json()["error"]
        assert (answer.status_code, error["param"]) == (400, "model")
        assert ABLE[brought(task)] in error["message"].partition("another model: ")[2]
        return
    assert answer.status_code == 200, answer.text
    if task == "image":
        assert base64.b64decode(answer.json()["data"][0]["b64_json"]).startswith(b"\x89PNG")
        return
    video = finished(client, answer)
    assert (video["kinora"]["frames"], video["size"]) == (FRAMES[task], f"{SIDE}x{SIDE}")
    own = CARDS[name].defaults
    said = {setting: video["kinora"]["sampling"].get(setting) for setting in SETTINGS}
    assert said == dict(zip(SETTINGS, (own.solver, own.shift, own.guidance_high, own.boundary), strict=True))
    if task == "remix":
        again = finished(client, post(client, case, f"/videos/{video['id']}/remix", {"prompt": "a cat"}, {}))
        assert (again["remixed_from_video_id"], again["kinora"]["frames"]) == (video["id"], FRAMES[task])


def test_a_model_with_a_lora_is_served_under_an_alias(client, answers):
    found = finished(client, answers["styled", "generate"])
    assert found["kinora"]["requested"] == {"model": "styled"}
    (said,) = found["kinora"]["sampling"]["loras"]
    assert said.startswith("style.safetensors:0.5 sha256:")
    plain = finished(client, answers["wan2.1-t2v-1.3b", "generate"])
    clips = [client.get(f"/videos/{one['id']}/content").content for one in (plain, found)]
    shown = [b"".join(frame.tobytes() for frame in decoded(clip)) for clip in clips]
    assert shown[0] != shown[1]


def finished(client: httpx.Client, answer: httpx.Response) -> dict:
    """A video once it is made."""

    def ended() -> dict | None:
        found = client.get(f"/videos/{answer.json()['id']}").json()
        return None if found["status"] in ("queued", "in_progress") else found

    video = waited(ended)
    assert video["status"] == "completed", video["error"]
    return video
