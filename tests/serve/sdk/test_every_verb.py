"""OpenAI's clients as they come, each verb of them, against one live server on the model that ships.

Which call proves which verb, in every_verb.py and, by Node's names, in every_verb.mjs:

| verb | call | judged by |
|---|---|---|
| create_and_poll | itself (Node has none: `create`, then `retrieve` until it has ended) | made, with all fields |
| create | with a picture as `input_reference`; with `characters` | made of what was given |
| retrieve | of the finished video | the same object again |
| poll | of every other video (Node: `retrieve`) | made of what was given |
| list | to its end by pages of 60, over 250 older jobs; one page of 7 from the oldest | in order, all, none twice |
| delete | itself, then `retrieve` | gone |
| download_content | three variants whole, the video streamed too | files of their kinds, the same bytes |
| remix, edit, extend | by id, by object reference, of an upload | made of what was given |
| create_character, get_character | of an upload; by its id; then in a prompt | the same one, and it is in the video |
| images.generate, moderations.create | one picture; two texts | a picture; the right one is flagged |
| provenance checks | of the downloaded file | trusted, and its mark is ours |
| webhooks.unwrap | of what was delivered to the program when its video ended; of that changed | it fits; refused |

Clients that can't be had (no registry, no Node) are skipped with the reason.
"""

import base64
import io
import json
import os
import pathlib
import subprocess
import sys

import pytest
from PIL import Image

from kinora.media import probe, read_frames

pytestmark = pytest.mark.slow

HERE = pathlib.Path(__file__).parent
CLIENTS = ["python sync", "python async", "python 2.29.0 sync", "python 2.29.0 async", "node 7.57.0", "node 6.49.0"]
"""Python's without a version is the one that is installed. 2.29.0 is the first 2.x that has every verb."""

ENDED = ("created", "animated", "remixed", "edited", "extended", "cast")


@pytest.fixture(scope="module")
def programs(shipped, files, python_client, node_client, tmp_path_factory):
    """Starts the programs, all at once, and gives what each is told; a reason where one can't be had."""
    started: dict[str, subprocess.Popen | str] = {}
    for client in CLIENTS:
        kind, *version = client.split()
        given = [files / "clip.mp4", files / "picture.png"]
        environment = {**os.environ, "OPENAI_BASE_URL": shipped.url, "OPENAI_API_KEY": "any"}
        try:
            if kind == "node":
                command = node_client(version[0], HERE / "every_verb.mjs")
            else:
                command = [sys.executable, HERE / "every_verb.py", version.pop()]
                environment |= {"PYTHONPATH": str(python_client(*version))} if version else {}
        except LookupError as error:
            started[client] = str(error)
            continue
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        started[client] = subprocess.Popen([*command, *given], env=environment, **pipes)
    yield started
    for one in started.values():
        if isinstance(one, subprocess.Popen):
            one.kill()


@pytest.fixture(scope="module", params=CLIENTS)
def told(request, programs) -> dict:
    """What one of the programs was told."""
    program = programs[request.param]
    if isinstance(program, str):
        pytest.skip(program)
    said, complaint = program.communicate(timeout=600)
    assert program.returncode == 0, complaint
    found = json.loads(said)
    wanted = request.param.split()[1]
    assert wanted in ("sync", "async", found["version"])
    return found


def test_videos_are_made_of_what_was_given(told):
    made = {name: told[name] for name in ENDED}
    assert {name: (one["status"], one["error"]) for name, one in made.items()} == dict.fromkeys(
        made, ("completed", None)
    )
    assert {one["model"] for one in made.values()} == {"kinora-small"}
    assert {one["size"] for one in made.values()} == {"64x64"}
    assert {name: one["seconds"] for name, one in made.items()} == {**dict.fromkeys(made, "1"), "extended": "4"}
    edits = {name: one["kinora"].get("edit") for name, one in made.items()}
    again = {"animated": "animate", "remixed": "remix", "edited": "remix", "extended": "extend", "cast": "cast"}
    assert edits == {"created": None, **again}
    assert made["remixed"]["remixed_from_video_id"] == made["edited"]["remixed_from_video_id"] == made["created"]["id"]
    assert made["created"]["kinora"]["requested"] == {"model": "sora-2"}
    assert told["retrieved"] == told["created"]


def test_all_of_250_older_jobs_are_listed_in_order_over_pages(told, older):
    listed = told["listed"]
    assert len(older) == 250
    assert listed[-250:] == older[::-1]
    assert len(listed) == len(set(listed)) >= 250 + len(ENDED)
    assert {told[name]["id"] for name in ENDED} <= set(listed[:-250])
    assert told["first_page"] == 7


def test_files_come_in_three_variants_and_streamed(told, tmp_path):
    kinds = {name: kind for name, (kind, _) in told["content"].items()}
    assert kinds == {"video": "video/mp4", "thumbnail": "image/webp", "spritesheet": "image/jpeg"}
    data = {name: base64.b64decode(one) for name, (_, one) in told["content"].items()}
    path = tmp_path / "video.mp4"
    path.write_bytes(data["video"])
    assert (probe(path).size, len(list(read_frames(path)))) == ((64, 64), 8)
    assert Image.open(io.BytesIO(data["thumbnail"])).format == "WEBP"
    assert Image.open(io.BytesIO(data["spritesheet"])).format == "JPEG"
    assert told["streamed"]


def test_a_character_is_found_again(told):
    assert told["character"][1] == "Bobo"
    assert told["found"] == told["character"]


def test_pictures_are_drawn_and_words_judged(told):
    assert Image.open(io.BytesIO(base64.b64decode(told["image"]))).size == (64, 64)
    assert told["moderation"] == [False, True]
    assert told["blocked"] == {
        "status": 400,
        "code": "moderation_blocked",
        "param": None,
        "kind": "BadRequestError",
    }


def test_where_a_file_comes_from_is_known(told):
    found = {one["type"]: one for one in told["provenance"]["results"]}
    assert (found["c2pa"]["outcome"], found["c2pa"]["validation_state"]) == ("detected", "trusted")
    assert found["kinora_watermark"]["outcome"] == "detected"
    assert found["kinora_watermark"]["model"].startswith("kinora-small")


def test_the_end_of_a_video_is_delivered_and_unwraps(told):
    assert told["event"] == {"type": "video.completed", "id": told["created"]["id"], "changed": "refused"}


def test_what_is_deleted_is_gone(told):
    assert told["deleted"] == {"id": told["created"]["id"], "object": "video.deleted", "deleted": True}
    assert told["gone"] == {"status": 404, "code": "not_found", "param": "video_id", "kind": "NotFoundError"}
