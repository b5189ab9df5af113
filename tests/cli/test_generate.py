import json
import resource
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from kinora.media import read_video

PROMPT = "A red ball bounces!"


def test_a_sentence_becomes_a_video_and_its_path_is_printed(kinora_process, tiny, tmp_path):
    process = kinora_process("generate", PROMPT, "--model", tiny, "--seed", 7)
    said = process.communicate(timeout=300)
    assert said == ("a-red-ball-bounces-7.mp4\n", "kinora: warning: some frames are noise\n")  # which is what it films
    assert process.returncode == 0
    frames, info = read_video(tmp_path / "a-red-ball-bounces-7.mp4")
    assert frames.shape == (8, 64, 64, 3)
    assert info.fps == 8
    assert [path.name for path in tmp_path.iterdir()] == ["a-red-ball-bounces-7.mp4"]


def test_json_tells_all_and_the_same_seed_gives_the_same_frames(kinora, tiny, tmp_path):
    choices = ("--seconds", 0.5, "--size", "96x64", "--fps", 8, "--steps", 3, "--guidance", 2.5, "--negative", "rain")
    for name in ("a.mp4", "b.mp4"):
        done = kinora("generate", PROMPT, *choices, "--seed", 7, "--model", tiny, "-o", name, "--json")
        assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert {"load", "read", "denoise", "decode", "write", "total"} == set(report["timings"])
    assert report.pop("timings")["total"] < 300
    assert 1e8 < report.pop("peak_memory") < 3 * 2**30
    assert report == {
        "file": "b.mp4",
        "model": "tiny",
        "version": "1",
        "seed": 7,
        "size": "96x64",
        "fps": 8,
        "frames": 4,
        "seconds": 0.5,
        "steps": 3,
        "guidance": 2.5,
        "prompt": PROMPT,
        "negative": "rain",
        "frames_reviewed": 4,
        "warnings": report["warnings"],
        "sampler": "unipc",
        "shift": 2.0,
        "dtype": "float32",
    }
    assert np.array_equal(read_video(tmp_path / "a.mp4")[0], read_video(tmp_path / "b.mp4")[0])


BAD = [
    (["", "--model", "TINY"], "empty prompt: say what the video shows"),
    (["x", "--model", "TINY", "--size", "3x3"], "3x3: sides are at least 64 pixels"),
    (["x", "--model", "TINY", "--size", "100x64"], "100x64: sides must be multiples of 16; nearest: 96x64 or 112x64"),
    (["x", "--model", "TINY", "--size", "big"], "big: a size is WIDTHxHEIGHT in pixels"),
    (["x", "--model", "TINY", "--seconds", "0"], "0 seconds: a clip lasts longer than 0"),
    (["x", "--model", "TINY", "--seconds", "10000"], "10000 seconds: this model makes up to 2 seconds"),
    (["x", "--model", "TINY", "--seconds", "nan"], "nan seconds"),
    (["x", "--model", "TINY", "--fps", "24"], "24 fps: this model makes 8 frames a second"),
    (["x", "--model", "TINY", "--preview", "--steps", "4"], "--preview and --steps: both choose the steps"),
    (["x", "--model", "nope"], "nope: no such model; known: kinora-small"),
    (["x", "--model", "TINY", "-o", "missing/x.mp4"], "there is no directory missing"),
    (["x", "--model", "TINY", "-o", "x.avi"], "x.avi: the extension chooses the format"),
    (["x", "--model", "TINY", "-o", "."], "the extension chooses the format"),
    (["x", "--model", "TINY", "-o", "/proc/x.mp4"], "/proc/x.mp4: can't be written"),
    (["x", "--model", "TINY", "-o", "n" * 300 + ".mp4"], "can't be written (file name too long); choose another name"),
    (["hardcore porn", "--model", "TINY"], "hardcore porn: Kinora makes no video of this kind (sexual"),
    (["very " * 300, "--model", "TINY"], "a prompt has at most 128 wordpieces"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD, ids=[message[:30] for _, message in BAD])
def test_bad_input_is_one_line_exit_code_2_and_no_file(kinora, tiny, tmp_path, arguments, message):
    done = kinora("generate", *[str(tiny) if one == "TINY" else one for one in arguments])
    assert done.returncode == 2
    assert done.stdout == ""
    assert message in done.stderr
    assert done.stderr.startswith("kinora: ")
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_what_can_not_be_signed_is_refused_before_the_model_is_loaded(kinora, tiny, tmp_path, monkeypatch):
    monkeypatch.setattr("kinora.engine.runtime.loaded", lambda *_: pytest.fail("loaded"))
    monkeypatch.setenv("KINORA_HOME", "/proc/nowhere")
    done = kinora("generate", "x", "--model", tiny)
    assert done.returncode == 2
    assert done.stderr.startswith("kinora: /proc/nowhere/identity: no place for the key that signs videos")
    monkeypatch.delenv("KINORA_HOME")
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setattr(Path, "home", lambda: Path("~no such user").expanduser())  # fails as it does for such a user
    done = kinora("generate", "x", "--model", tiny)
    assert done.returncode == 2
    assert done.stderr.startswith("kinora: home directory: this user has none")
    assert list(tmp_path.iterdir()) == []


def test_bad_input_is_refused_before_torch_is_loaded(kinora_process, tiny, tmp_path):
    (tmp_path / "torch.py").write_text("raise SystemExit('torch was imported')")  # found first: it lies in the cwd
    _, errors = kinora_process("generate", "x", "--model", tiny, "--size", "3x3").communicate(timeout=300)
    assert errors.startswith("kinora: 3x3: sides are at least 64")


@pytest.mark.parametrize("file", ["dit.safetensors", "vae.safetensors", "model.json"])
def test_corrupt_weights_are_named(kinora, tiny, tmp_path, file):
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    for path in tiny.iterdir():
        data = path.read_bytes()
        (damaged / path.name).write_bytes(data[: len(data) // 2] if path.name == file else data)
    done = kinora("generate", "x", "--model", damaged)
    assert done.returncode == 2
    assert file in done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["damaged"]


def test_a_full_disk_is_one_line_and_no_file(kinora, tiny, tmp_path):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, limits[1]))
    try:
        done = kinora("generate", "x", "--model", tiny, "-o", "x.mp4")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert done.returncode == 2
    assert done.stderr == "kinora: x.mp4: can't be written (file too large); free some space\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_interrupting_leaves_nothing_behind(kinora_process, tiny, tmp_path, number, code):
    process = kinora_process(
        *("generate", PROMPT, "--model", tiny, "--steps", 200, "--size", "128x128", "--seconds", 2),
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),  # whatever this test's own caller ignores
    )
    libraries = Path(f"/proc/{process.pid}/maps")
    deadline = time.monotonic() + 120
    while "libtorch" not in libraries.read_text() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(1.0)
    process.send_signal(number)
    sent = time.monotonic()
    assert process.communicate(timeout=60) == ("", "")
    assert process.returncode == code
    assert time.monotonic() - sent < 10  # a second or two on a machine that has time for it
    assert list(tmp_path.iterdir()) == []


def test_without_a_name_no_file_is_overwritten(kinora, tiny, tmp_path):
    (tmp_path / "x-7.mp4").write_bytes(b"mine")
    assert kinora("generate", "x", "--seed", 7, "--model", tiny).stdout == "x-7-2.mp4\n"
    assert (tmp_path / "x-7.mp4").read_bytes() == b"mine"


@pytest.mark.parametrize("name", ["clip.gif", "clip.webp", "clip.png"])
def test_the_extension_chooses_the_format(kinora, tiny, tmp_path, name):
    assert kinora("generate", "x", "--model", tiny, "-o", name).stdout == f"{name}\n"
    assert (tmp_path / name).stat().st_size > 100


def test_a_prompt_of_no_latin_letters_still_names_a_file(kinora, tiny):
    assert kinora("generate", "雪の森", "--model", tiny, "--seed", 1).stdout == "video-1.mp4\n"
