import json
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from kinora.engine.expand import Expander
from kinora.engine.expand.chat import ChatExpander
from kinora.errors import InvalidRequest, Unavailable

CAPTION = "A grey cat rides a red skateboard down a sunny street. The camera follows. Photographic."


def answer(content: object) -> bytes:
    return json.dumps({"choices": [{"message": {"role": "assistant", "content": content}}]}).encode()


class Endpoint(HTTPServer):
    """Answers every request alike and keeps what was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.code, self.body, self.headers, self.pause = 200, answer(CAPTION), {}, 0.0
        self.asked: list[tuple[str, dict, dict]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def handle_error(self, request, client_address):
        pass  # a client that gave up


class Handler(BaseHTTPRequestHandler):
    server: Endpoint

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append((self.path, dict(self.headers), json.loads(body)))
        time.sleep(self.server.pause)
        self.send_response(self.server.code)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def endpoint():
    server = Endpoint()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_endpoint_is_asked_as_openai_is_and_its_caption_is_read(endpoint):
    expander = ChatExpander(endpoint.url + "/", "small-writer", key="secret")
    assert isinstance(expander, Expander)
    expansion = expander.expand("cat on a skateboard", seconds=5, previous="A cat sleeps.")
    assert (expansion.prompt, expansion.changed) == (CAPTION, True)
    assert expansion.notes == ("written by small-writer",)
    ((path, headers, body),) = endpoint.asked
    assert path == "/v1/chat/completions"
    assert headers["Authorization"] == "Bearer secret"
    assert body["model"] == "small-writer"
    system, user = body["messages"]
    assert (system["role"], user["role"]) == ("system", "user")
    assert "The idea: cat on a skateboard" in user["content"]
    assert "5 seconds" in user["content"]
    assert "A cat sleeps." in user["content"]


def test_without_a_key_none_is_sent_and_a_picture_is_asked_for_as_one(endpoint):
    ChatExpander(endpoint.url, "m").expand("cat", seconds=0.125, image=True)
    ((_, headers, body),) = endpoint.asked
    assert "Authorization" not in headers
    assert "single picture" in body["messages"][1]["content"]


@pytest.mark.parametrize("content", [f'"{CAPTION}"\n', f"<think>A cat?\nHm.</think>\n\n{CAPTION}"])
def test_quotes_and_thoughts_around_a_caption_are_left_off(endpoint, content):
    endpoint.body = answer(content)
    assert ChatExpander(endpoint.url, "m").expand("cat", seconds=5).prompt == CAPTION


BAD = [
    (200, b"<html>", "no chat completion"),
    (200, b'{"choices": []}', "no chat completion"),
    (200, answer(""), "holds no caption"),
    (200, answer(None), "holds no caption"),
    (200, answer("<think>only thoughts</think>"), "holds no caption"),
    (401, b'{"error": {"message": "bad key"}}', r"it answered 401 Unauthorized \(bad key\); check its key"),
    (404, b"nothing here", "it answered 404 Not Found; check its address and model"),
    (500, b"", "it answered 500 Internal Server Error"),
]


@pytest.mark.parametrize(("code", "body", "message"), BAD, ids=[f"{code}-{body[:12]!r}" for code, body, _ in BAD])
def test_every_failure_is_told_and_none_is_hidden(endpoint, code, body, message):
    endpoint.code, endpoint.body = code, body
    with pytest.raises(Unavailable, match=message) as raised:
        ChatExpander(endpoint.url, "m", key="secret").expand("cat", seconds=5)
    assert "--no-expand" in str(raised.value)
    assert "secret" not in str(raised.value)


def test_a_silent_endpoint_is_given_up(endpoint):
    endpoint.pause = 0.5
    with pytest.raises(Unavailable, match=r"no answer within 0\.05 s"):
        ChatExpander(endpoint.url, "m", timeout=0.05).expand("cat", seconds=5)


def test_a_redirect_is_not_followed_for_it_would_carry_the_key_along(endpoint):
    endpoint.code, endpoint.headers = 302, {"Location": endpoint.url + "/elsewhere"}
    with pytest.raises(Unavailable, match="it answered 302"):
        ChatExpander(endpoint.url, "m", key="secret").expand("cat", seconds=5)
    assert len(endpoint.asked) == 1


def test_nobody_there_is_told_with_the_address():
    server = Endpoint()
    server.server_close()
    with pytest.raises(
        Unavailable, match=rf"chat endpoint http://127\.0\.0\.1:{server.server_port}: it can't be reached"
    ):
        ChatExpander(server.url, "m").expand("cat", seconds=5)


@pytest.mark.parametrize("address", ["", "localhost:8000/v1", "file:///etc/passwd", "http://"])
def test_an_address_that_is_none_is_refused_at_once(address):
    with pytest.raises(InvalidRequest, match="http or https address"):
        ChatExpander(address, "m")


def test_a_model_must_be_named():
    with pytest.raises(InvalidRequest, match="no chat model"):
        ChatExpander("http://localhost:1/v1", "")
