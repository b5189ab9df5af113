"""Deliveries as a receiver sees them, and as OpenAI's client checks them."""

import contextlib
import http.server
import json
import socket
import threading
import time
from dataclasses import replace

import openai
import pytest

from kinora.errors import InvalidRequest
from kinora.serve.schemas.webhooks import CreateEndpoint
from kinora.serve.store.database import Database
from kinora.serve.store.jobs import JobStore
from kinora.serve.store.values import NewJob
from kinora.serve.webhooks import sending
from kinora.serve.webhooks.endpoints import Endpoints
from kinora.serve.webhooks.outbox import DELAYS, Outbox
from kinora.serve.webhooks.sending import Sender, Undelivered


class Receiver(http.server.ThreadingHTTPServer):
    """Answers with the statuses it is given, the last one for ever, and keeps what it gets."""

    def __init__(self, *statuses: int) -> None:
        self.got, self.statuses = [], list(statuses)
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook?a=1"

    def wait(self, count: int) -> list:
        until = time.monotonic() + 60
        while len(self.got) < count:
            assert time.monotonic() < until, f"{len(self.got)} of {count} deliveries came"
            time.sleep(0.05)
        return self.got


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        self.server.got.append((self.path, dict(self.headers.items()), body))
        statuses = self.server.statuses
        self.send_response(statuses.pop(0) if len(statuses) > 1 else statuses[0])
        self.send_header("Location", "http://127.0.0.1:1/")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def receiver():
    made = []

    def start(*statuses: int) -> Receiver:
        made.append(Receiver(*statuses))
        return made[-1]

    yield start
    for one in made:
        one.shutdown()
        one.server_close()


@pytest.fixture
def client(live):
    with openai.OpenAI(base_url=live.url, api_key="any") as found:
        yield found
        for one in found.webhooks.list():
            found.webhooks.delete(one.id)


def test_endpoints_through_openais_client(client, receiver):
    made = client.webhooks.create(name="mine", url=receiver(200).url, event_types=["video.completed"])
    assert made.signing_secret.startswith("whsec_")
    assert made.signing_secret_hint == f"whsec_...{made.signing_secret[-4:]}"
    found = client.webhooks.retrieve(made.id)
    assert not hasattr(found, "signing_secret")
    changed = client.webhooks.update(made.id, name="ours", event_types=["video.completed", "video.failed"])
    assert (changed.name, changed.event_types, changed.url) == ("ours", ["video.completed", "video.failed"], made.url)
    rotated = client.webhooks.rotate_secret(made.id)
    assert rotated.signing_secret != made.signing_secret
    assert [one.id for one in client.webhooks.list(limit=1)] == [made.id]
    assert client.webhooks.event_types.list().data == ["video.completed", "video.failed"]
    assert client.webhooks.delete(made.id).deleted
    with pytest.raises(openai.NotFoundError):
        client.webhooks.retrieve(made.id)


def test_the_end_of_a_job_is_delivered_and_unwraps(client, live, receiver):
    place = receiver(200)
    endpoint = client.webhooks.create(name="mine", url=place.url, event_types=["video.completed", "video.failed"])
    done = client.post("/videos", body={"prompt": "a ball", "seconds": "1", "size": "64x64"}, cast_to=object)
    stopped = client.post("/videos", body={"prompt": "a ball", "seconds": "60", "size": "512x512"}, cast_to=object)
    client.post(f"/videos/{stopped['id']}/cancel", cast_to=object)
    events = []
    for path, headers, body in place.wait(2):
        assert path == "/hook?a=1"
        event = client.webhooks.unwrap(body, headers, secret=endpoint.signing_secret)
        assert headers["webhook-id"] == event.id
        events.append((event.type, event.data.id))
    assert sorted(events) == sorted([("video.completed", done["id"]), ("video.failed", stopped["id"])])


def test_a_rotated_secret_signs_beside_the_old_one_for_a_day(client, receiver):
    place = receiver(200)
    made = client.webhooks.create(name="mine", url=place.url, event_types=["video.completed"])
    kept = client.webhooks.rotate_secret(made.id, keep_old_secret_active_for_24_hours=True)
    result = client.webhooks.test(made.id, event_type="video.completed")
    assert (result.status_code, result.success, result.webhook_endpoint_id) == (200, True, made.id)
    ((_, headers, body),) = place.got
    assert len(headers["webhook-signature"].split()) == 2
    for secret in (made.signing_secret, kept.signing_secret):
        assert client.webhooks.unwrap(body, headers, secret=secret).type == "video.completed"
    client.webhooks.rotate_secret(made.id)
    client.webhooks.test(made.id, event_type="video.completed")
    with pytest.raises(openai.InvalidWebhookSignatureError):
        client.webhooks.unwrap(place.got[1][2], place.got[1][1], secret=kept.signing_secret)


def test_an_endpoint_that_fails_is_tried_again_later_with_the_same_words(client, live, receiver):
    place = receiver(500, 302, 204)
    client.webhooks.create(name="mine", url=place.url, event_types=["video.completed"])
    outbox = Outbox(live.app.state.store)
    video = client.post("/videos", body={"prompt": "a ball", "seconds": "1", "size": "64x64"}, cast_to=object)
    live.ended(video["id"])
    place.wait(1)
    store, later = live.app.state.store, 0.0
    for attempt, delay in enumerate(DELAYS[1:3], start=1):
        assert outbox.due() == [], "it waits"
        later += delay + 1
        store.database._clock = lambda: time.time() + later  # noqa: B023 - read in this turn only
        place.wait(attempt + 1)
        time.sleep(0.2)
    store.database._clock = None
    ids = {headers["webhook-id"] for _, headers, _ in place.got}
    assert (len(place.got), len(ids), len({body for *_, body in place.got})) == (3, 1, 1)
    store.database._clock = lambda: time.time() + 10 * 86_400
    assert outbox.due() == [], "what is delivered is over"
    outbox.forget()
    store.database._clock = None


def test_a_test_that_reaches_nobody_says_so(client):
    made = client.webhooks.create(name="mine", url="http://127.0.0.1:9/", event_types=["video.completed"])
    with pytest.raises(openai.BadRequestError, match="can't be reached") as error:
        client.webhooks.test(made.id, event_type="video.completed")
    assert error.value.code == "webhook_undelivered"


def test_an_endpoint_that_drips_is_given_up_in_time(monkeypatch):
    """Each byte comes before the socket's time-out; eight such endpoints would hold up everybody's deliveries."""
    monkeypatch.setattr(sending, "SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip():
            wire, _ = server.accept()
            with wire, contextlib.suppress(OSError):
                for _ in range(100):
                    wire.sendall(b"H")
                    time.sleep(0.1)

        threading.Thread(target=drip, daemon=True).start()
        begun = time.monotonic()
        with pytest.raises(Undelivered, match="can't be reached"):
            Sender(private=True).post(f"http://127.0.0.1:{server.getsockname()[1]}/", "{}", {})
    assert time.monotonic() - begun < 5


def test_the_next_address_of_a_name_is_tried(receiver, monkeypatch):
    place = receiver(200)
    monkeypatch.setattr(sending, "resolved", lambda host, port: ["::1", "127.0.0.1"])
    assert Sender(private=True).post(place.url.replace("127.0.0.1", "localhost"), "{}", {}) == 200
    assert len(place.got) == 1


def test_each_owner_hears_of_their_own_jobs_alone(tmp_path):
    database = Database(str(tmp_path / "kinora.db"))
    database.upgrade()
    store, endpoints, outbox = JobStore(database), Endpoints(database), Outbox(JobStore(database))
    ended = {}
    for owner in ("ada", "bob"):
        url = f"https://{owner}.example/"
        endpoints.create(owner, CreateEndpoint(name="mine", url=url, event_types=["video.failed"]))
        new = NewJob(owner=owner, kind="generate", request={}, model="fake", size="64x64", seconds=1)
        ended[url] = store.add(new).id
        store.cancel(ended[url])
        store.cancel(store.add(replace(new, kind="image")).id)  # whoever asked for a picture has been answered
    assert (outbox.collect(), outbox.collect()) == (2, 0)
    assert {one.url: json.loads(one.body)["data"]["id"] for one in outbox.due()} == ended
    database.close()


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example/",
        "https://user:password@hooks.example/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://10.0.0.1/",
        "https:///path",
        "https://hooks.example:port/",
        "https://hooks.example/a b",
    ],
)
def test_a_server_with_keys_calls_no_private_address(url):
    with pytest.raises(InvalidRequest):
        Sender(private=False).check(url)


def test_a_name_that_resolves_to_a_private_address_is_not_called(monkeypatch):
    monkeypatch.setattr(sending, "resolved", lambda host, port: ["93.184.216.34", "127.0.0.1"])
    Sender(private=False).check("https://hooks.example/")
    with pytest.raises(InvalidRequest, match="private network"):
        Sender(private=False).post("https://hooks.example/", "{}", {})
    monkeypatch.setattr(sending, "resolved", lambda host, port: [])
    with pytest.raises((InvalidRequest, Undelivered)):
        Sender(private=False).post("https://hooks.example/", "{}", {})
