"""Finished files over HTTP, as players and browsers ask for them."""

import pytest


@pytest.fixture(scope="module")
def client(live):
    with live.client as found:
        yield found


@pytest.fixture(scope="module")
def video(live, client) -> str:
    body = {"prompt": "a red ball bounces", "seconds": "1", "size": "64x64"}
    name = client.post("/videos", json=body).json()["id"]
    assert live.ended(name)["status"] == "completed"
    return name


@pytest.fixture(scope="module")
def whole(client, video) -> bytes:
    return client.get(f"/videos/{video}/content").content


def test_the_whole_file(client, video, whole):
    answer = client.get(f"/videos/{video}/content", headers={"Accept": "application/binary"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "video/mp4")
    assert int(answer.headers["content-length"]) == len(whole) == len(answer.content)
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["content-disposition"] == f'inline; filename="{video}.mp4"'
    assert whole[4:8] == b"ftyp"


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [("bytes=0-99", 0, 100), ("bytes=100-", 100, None), ("bytes=-50", -50, None), ("bytes=10-9999999", 10, None)],
)
def test_a_part_of_it(client, video, whole, asked, start, stop):
    answer = client.get(f"/videos/{video}/content", headers={"Range": asked})
    part = whole[start:stop]
    assert (answer.status_code, answer.content) == (206, part)
    first = start % len(whole)
    assert answer.headers["content-range"] == f"bytes {first}-{first + len(part) - 1}/{len(whole)}"


@pytest.mark.parametrize("asked", ["bytes=5-2", "lines=1-2", "bytes=0-1,4-5", "bytes=-", "bytes=a-b"])
def test_a_range_that_means_nothing_gives_all_of_it(client, video, whole, asked):
    answer = client.get(f"/videos/{video}/content", headers={"Range": asked})
    assert (answer.status_code, answer.content) == (200, whole)


@pytest.mark.parametrize("asked", ["bytes=9999999-", "bytes=-0"])
def test_a_part_that_is_not_there(client, video, whole, asked):
    answer = client.get(f"/videos/{video}/content", headers={"Range": asked})
    assert (answer.status_code, answer.headers["content-range"]) == (416, f"bytes */{len(whole)}")
    assert answer.json()["error"]["code"] == "invalid_range"


def test_what_the_client_has_is_not_sent_again(client, video, whole):
    etag = client.get(f"/videos/{video}/content").headers["etag"]
    again = client.get(f"/videos/{video}/content", headers={"If-None-Match": f'"other", W/{etag}'})
    assert (again.status_code, again.content) == (304, b"")
    part = {"Range": "bytes=0-9", "If-Range": etag}
    assert client.get(f"/videos/{video}/content", headers=part).status_code == 206
    assert client.get(f"/videos/{video}/content", headers={**part, "If-Range": '"other"'}).content == whole


def test_head_tells_and_does_not_send(client, video, whole):
    answer = client.head(f"/videos/{video}/content")
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["content-length"]) == len(whole)


def test_each_variant_has_its_own_type_and_hash(client, video):
    found = {name: client.get(f"/videos/{video}/content?variant={name}") for name in ("thumbnail", "spritesheet")}
    assert [one.headers["content-type"] for one in found.values()] == ["image/webp", "image/jpeg"]
    assert len({one.headers["etag"] for one in found.values()}) == 2
    wrong = client.get(f"/videos/{video}/content?variant=audio")
    assert (wrong.status_code, wrong.json()["error"]["param"]) == (400, "variant")


def test_there_is_none_before_the_end_and_none_after_a_failure(serve):
    live = serve(workers=0)
    with live.client as client:
        video = client.post("/videos", json={"prompt": "a ball", "seconds": "1", "size": "64x64"}).json()["id"]
        waiting = client.get(f"/videos/{video}/content")
        assert (waiting.status_code, waiting.json()["error"]["code"]) == (400, "video_not_ready")
        cancelled = client.post(f"/videos/{video}/cancel").json()
        assert (cancelled["status"], cancelled["error"]["code"]) == ("failed", "cancelled")
        assert client.get(f"/videos/{video}/content").json()["error"]["code"] == "video_not_ready"
