"""Every verb of OpenAI's Python client on the server named in OPENAI_BASE_URL; writes what it got as JSON.

    python every_verb.py sync|async clip.mp4 picture.png

test_every_verb.py judges it. One program for both clients: what the asynchronous one gives is awaited, what the other
gives is there already. What an older release has no method for goes through the client's own `post`.
"""

import asyncio
import base64
import http.server
import inspect
import json
import pathlib
import queue
import sys
import threading
import warnings

import openai

warnings.simplefilter("ignore", DeprecationWarning)
QUICK = {"steps": 1, "seed": 7}
HERE = {"seconds": "1", "size": "64x64", "extra_body": QUICK}
"""The least that the shipped model makes: what it shows is not judged here."""

SOON = 250
"""Milliseconds between two looks at a video."""


class Receiver(http.server.BaseHTTPRequestHandler):
    """Where the server delivers to."""

    got: "queue.Queue[tuple[bytes, dict[str, str]]]" = queue.Queue()

    def do_POST(self) -> None:
        self.got.put((self.rfile.read(int(self.headers["content-length"])), dict(self.headers.items())))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


async def now(value):
    """What a method gives, of either client."""
    return await value if inspect.isawaitable(value) else value


async def every(pages) -> list:
    """All that is listed, of either client, page after page."""
    if hasattr(pages, "__aiter__"):
        return [one async for one in pages]
    return list(pages)


async def streamed(client, video: str) -> bytes:
    """The video, piece by piece."""
    answer = client.videos.with_streaming_response.download_content(video)
    if hasattr(answer, "__aenter__"):
        async with answer as found:
            return b"".join([piece async for piece in found.iter_bytes(1024)])
    with answer as found:
        return b"".join(found.iter_bytes(1024))


async def checked(client, data: bytes) -> dict:
    """What is known of where a file comes from."""
    if hasattr(client, "content_provenance_checks"):
        return (await now(client.content_provenance_checks.create(file=("a.mp4", data)))).model_dump()
    form = {"headers": {"Content-Type": "multipart/form-data"}}
    sent = client.post(
        "/content_provenance_checks", body={}, files={"file": ("a.mp4", data)}, options=form, cast_to=object
    )
    return await now(sent)


async def listening(client, url: str) -> tuple[str, str]:
    """An endpoint for the ends of videos: its id and secret."""
    asked = {"name": "mine", "url": url, "event_types": ["video.completed", "video.failed"]}
    if hasattr(client.webhooks, "create"):
        made = await now(client.webhooks.create(**asked))
        return made.id, made.signing_secret
    found = await now(client.post("/webhook_endpoints", body=asked, cast_to=object))
    return found["id"], found["signing_secret"]


async def delivered(client, video: str, secret: str) -> dict:
    """The event that tells of a video's end, unwrapped; and whether a changed one is refused."""
    while True:
        body, headers = await asyncio.to_thread(Receiver.got.get, timeout=60)
        event = client.webhooks.unwrap(body, headers, secret=secret)
        if event.data.id == video:
            break
    try:
        client.webhooks.unwrap(body.replace(b"completed", b"failed"), headers, secret=secret)
    except openai.InvalidWebhookSignatureError:
        return {"type": event.type, "id": event.data.id, "changed": "refused"}
    return {"type": event.type, "id": event.data.id, "changed": "taken"}


async def refused(value) -> dict:
    """The error that comes instead."""
    try:
        return {"given": str(await now(value()))}
    except openai.APIStatusError as error:
        return {"status": error.status_code, "code": error.code, "param": error.param, "kind": type(error).__name__}


async def main(client, clip: pathlib.Path, picture: pathlib.Path) -> dict:
    """Do all of it."""
    receiver = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    endpoint, secret = await listening(client, f"http://127.0.0.1:{receiver.server_port}/")
    videos = client.videos

    created = await now(
        videos.create_and_poll(model="sora-2", prompt="a red ball bounces", poll_interval_ms=SOON, **HERE)
    )
    queued = {
        "animated": await now(videos.create(prompt="it moves", input_reference=picture, **HERE)),
        "remixed": await now(videos.remix(created.id, prompt="a blue ball", extra_body=QUICK)),
        "edited": await now(
            videos.edit(prompt="a green ball", video=openai.omit, extra_body={"video": {"id": created.id}, **QUICK})
        ),
        "extended": await now(videos.extend(prompt="it stops", seconds="1", video=clip, extra_body=QUICK)),
    }
    character = await now(videos.create_character(name="Bobo", video=clip))
    people = {**HERE, "extra_body": {"characters": [{"id": character.id}], **QUICK}}
    queued["cast"] = await now(videos.create(prompt="Bobo walks on a beach", **people))

    content = {}
    for variant in ("video", "thumbnail", "spritesheet"):
        answer = await now(videos.download_content(created.id, variant=variant))
        content[variant] = answer.response.headers["content-type"], answer.read()
    drawn = await now(client.images.generate(prompt="a red ball", size="64x64", extra_body=QUICK))
    words = ["a red ball bounces", "a man beats a dog to death, blood everywhere"]
    judged = await now(client.moderations.create(input=words))
    ended = {name: await now(videos.poll(one.id, poll_interval_ms=SOON)) for name, one in queued.items()}
    told = {
        "version": openai.__version__,
        "created": created.model_dump(mode="json"),
        "retrieved": (await now(videos.retrieve(created.id))).model_dump(mode="json"),
        **{name: one.model_dump(mode="json") for name, one in ended.items()},
        "listed": [one.id for one in await every(videos.list(limit=60))],
        "first_page": len((await now(videos.list(limit=7, order="asc"))).data),
        "content": {name: [kind, base64.b64encode(data).decode()] for name, (kind, data) in content.items()},
        "streamed": await streamed(client, created.id) == content["video"][1],
        "character": [character.id, character.name],
        "found": [(found := await now(videos.get_character(character.id))).id, found.name],
        "image": drawn.data[0].b64_json,
        "moderation": [one.flagged for one in judged.results],
        "provenance": await checked(client, content["video"][1]),
        "event": await delivered(client, created.id, secret),
        "deleted": (await now(videos.delete(created.id))).model_dump(),
        "gone": await refused(lambda: videos.retrieve(created.id)),
        "blocked": await refused(lambda: videos.create(prompt=words[1])),
    }
    await now(client.delete(f"/webhook_endpoints/{endpoint}", cast_to=object))
    return told


kind, *paths = sys.argv[1:]
chosen = {"sync": openai.OpenAI, "async": openai.AsyncOpenAI}[kind]()
sys.stdout.write(json.dumps(asyncio.run(main(chosen, *map(pathlib.Path, paths)))))
