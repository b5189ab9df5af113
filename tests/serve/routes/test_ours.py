"""What OpenAI's API has not: blends, loops, stories, masks, cancelling, events, live frames, repeatable requests."""

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

from kinora.request import MAX_SEED


@pytest.fixture(scope="module")
def client(live):
    with live.client as found:
        yield found


@pytest.fixture(scope="module")
def videos(live, client) -> list[str]:
    bodies = [{"prompt": f"a {colour} ball bounces", "seconds": "2", "size": "64x64"} for colour in ("red", "blue")]
    made = [client.post("/videos", json=body).json()["id"] for body in bodies]
    assert {live.ended(one)["status"] for one in made} == {"completed"}
    return made


def completed(live, answer) -> dict:
    assert answer.status_code == 200, answer.json()
    found = live.ended(answer.json()["id"])
    assert found["status"] == "completed", found["error"]
    assert found["seconds"] == answer.json()["seconds"], "what was promised is what was made"
    return found


def test_a_blend(live, client, videos):
    body = {"first": {"id": videos[0]}, "second": {"id": videos[1]}, "seconds": "1", "second_prompt": "a blue ball"}
    found = completed(live, client.post("/videos/blends", json=body))
    assert (found["seconds"], found["kinora"]["edit"]) == ("3", "blend")
    short = client.post("/videos/blends", json={**body, "seconds": "2"})
    assert (short.status_code, short.json()["error"]["param"]) == (400, "seconds")
    off = client.post("/videos/blends", json={**body, "seconds": "0.625"}).json()["error"]
    assert "multiples of 0.5 seconds" in off["message"]


def test_a_loop_of_a_video_and_of_words(live, client, videos):
    closed = completed(live, client.post("/videos/loops", json={"video": {"id": videos[0]}, "seconds": "1"}))
    assert (closed["seconds"], closed["kinora"]["edit"]) == ("3", "loop")
    worded = completed(live, client.post("/videos/loops", json={"prompt": "a ball", "seconds": "2", "size": "64x64"}))
    flagged = client.post("/videos", json={"prompt": "a ball", "seconds": "2", "size": "64x64", "loop": True})
    assert worded["kinora"]["edit"] == completed(live, flagged)["kinora"]["edit"] == "loop"


def test_a_story_of_shots_with_a_picture(live, client):
    data = io.BytesIO()
    Image.fromarray(np.full((64, 64, 3), 90, np.uint8)).save(data, "PNG")
    picture = {"image_url": "data:image/png;base64," + base64.b64encode(data.getvalue()).decode()}
    shots = [
        {"prompt": "Bobo hops in a forest", "seconds": "1", "image": picture},
        {"prompt": "Bobo sleeps", "seconds": "1.5", "camera": "slow zoom in"},
    ]
    body = {"shots": shots, "descriptions": {"Bobo": "a blue fluffy creature"}, "size": "64x64"}
    found = completed(live, client.post("/videos/stories", json=body))
    assert found["seconds"] == "2.5"
    assert found["kinora"]["kind"] == "story"
    text = {"prompt": "A red ball bounces on a beach. Cut to a forest at night.", "seconds": "3", "size": "64x64"}
    assert completed(live, client.post("/videos/stories", json=text))["seconds"] == "3"
    long = client.post("/videos/stories", json={**body, "shots": [{"prompt": "Bobo", "seconds": 59}] * 2})
    assert (long.status_code, long.json()["error"]["param"]) == (400, "shots")


def test_an_edit_under_a_mask(live, client, videos):
    data = io.BytesIO()
    mask = np.zeros((64, 64, 3), np.uint8)
    mask[16:48, 16:48] = 255
    Image.fromarray(mask).save(data, "PNG")
    files = {"mask": ("mask.png", data.getvalue(), "image/png")}
    form = {"prompt": "a cat", "video[id]": videos[0], "strength": "0.4"}
    found = completed(live, client.post("/videos/edits", data=form, files=files))
    assert found["kinora"]["strength"] == 0.4
    assert found["remixed_from_video_id"] == videos[0]


def test_fields_of_ours_reach_the_engine_and_come_back(live, client):
    body = {"prompt": "a ball", "seconds": "1", "size": "64x64", "seed": 5, "steps": 3, "guidance": 2.5}
    found = completed(live, client.post("/videos", json=body))
    told = found["kinora"]
    assert (told["seed"], told["steps"], told["guidance"], told["frames"], told["fps"]) == (5, 3, 2.5, 8, 8)
    fast = client.post("/videos", json={**body, "fps": 24}).json()["error"]
    assert (fast["param"], fast["code"]) == ("fps", "invalid_value")


def test_pictures_of_one_request_have_seeds_that_follow_the_one_asked_for(client):
    body = {"prompt": "a ball", "size": "64x64", "n": 2}
    for seed, seeds in ((5, [5, 6]), (MAX_SEED, [MAX_SEED, 0])):
        assert client.post("/images/generations", json={**body, "seed": seed}).json()["kinora"]["seeds"] == seeds


def test_pictures_are_queued_all_or_none(serve):
    live = serve(queue_each=2, workers=0)
    with live.client as client:
        answer = client.post("/images/generations", json={"prompt": "a ball", "size": "64x64", "n": 3})
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "queue_full")
    assert live.app.state.store.page(None) == ([], False)
    assert live.app.state.access.quotas.used("local").jobs == 0


def test_a_request_may_be_repeated_under_a_key(client):
    headers = {"Idempotency-Key": "once-1"}
    body = {"prompt": "a ball", "seconds": "1", "size": "64x64"}
    first, second = (client.post("/videos", json=body, headers=headers).json() for _ in range(2))
    assert first["id"] == second["id"]
    other = client.post("/videos", json={**body, "prompt": "a cat"}, headers=headers)
    assert (other.status_code, other.json()["error"]["code"]) == (422, "idempotency_key_reused")
    wrong = client.post("/videos", json=body, headers={"Idempotency-Key": "x" * 300})
    assert (wrong.status_code, wrong.json()["error"]["param"]) == (400, "Idempotency-Key")


def test_events_come_in_order_and_end_with_the_video(live, client):
    video = client.post("/videos", json={"prompt": "a ball", "seconds": "1", "size": "64x64"}).json()["id"]
    with client.stream("GET", f"/videos/{video}/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        blocks = "".join(answer.iter_text()).strip().split("\n\n")
    events = [dict(line.partition(": ")[::2] for line in block.splitlines()) for block in blocks]
    kinds, numbers = [one["event"] for one in events], [int(one["id"]) for one in events]
    assert kinds[0] == "status"
    assert kinds[-1] == "done"
    assert numbers == sorted(numbers)
    assert json.loads(events[-1]["data"])["status"] == "completed"
    with client.stream("GET", f"/videos/{video}/events", headers={"Last-Event-ID": str(numbers[-2])}) as answer:
        rest = "".join(answer.iter_text())
    assert rest.count("event:") == 1


def test_live_frames_of_a_running_job(serve):
    live = serve(preview=0.01, pause=0.02)
    with live.client as client:
        video = client.post("/videos", json={"prompt": "a ball", "seconds": "8", "size": "64x64"}).json()["id"]
        seen = None
        with client.stream("GET", f"/videos/{video}/events") as answer:
            for line in answer.iter_lines():
                if line == "event: preview" and seen is None:
                    found = client.get(f"/videos/{video}/live")
                    seen = found if found.status_code == 200 else None
        assert seen is not None, "no live frame was to be had"
        assert seen.headers["content-type"] == "image/webp"
        assert Image.open(io.BytesIO(seen.content)).size == (64, 64)
        after = client.get(f"/videos/{video}/live")
        assert (after.status_code, after.json()["error"]["code"]) == (404, "no_live_frame")


def test_a_full_queue_says_when_to_come_again(serve):
    live = serve(workers=0, queue=1)
    with live.client as client:
        body = {"prompt": "a ball", "seconds": "1", "size": "64x64"}
        assert client.post("/videos", json=body).status_code == 200
        full = client.post("/videos", json=body)
    assert (full.status_code, full.json()["error"]["code"]) == (429, "queue_full")
    assert int(full.headers["retry-after"]) >= 1


def test_without_aliases_nothing_stands_for_sora(serve):
    live = serve(workers=0, aliases=())
    with live.client as client:
        answer = client.post("/videos", json={"prompt": "a ball", "model": "sora-2"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_found")
        assert [one["id"] for one in client.get("/models").json()["data"]] == ["fake"]


def test_the_page_needs_nothing_but_the_server(live, client):
    page = client.get(live.url.removesuffix("/v1") + "/docs")
    assert page.status_code == 200
    assert "<script" not in page.text
    assert "http" not in page.text.replace("http-equiv", "")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "/v1/videos/{video_id}/content" in page.text
    assert client.get("/nowhere").json()["error"]["code"] == "not_found"
    assert client.put("/videos").json()["error"]["code"] == "method_not_allowed"
