"""OpenAI's own Python client, as it comes, against a live server: what worked against Sora works here."""

import asyncio
import base64
import inspect
import io
import json
import time

import openai
import pytest
from openai.types import Video
from PIL import Image

from kinora.media import probe
from kinora.safety.provenance import read_file
from kinora.serve.store.values import NewJob
from kinora.serve.webhooks.signing import new_secret, signed

ALL = {
    *("id", "object", "model", "status", "progress", "created_at", "completed_at", "expires_at", "prompt", "size"),
    *("seconds", "remixed_from_video_id", "error"),
}


@pytest.fixture(scope="module")
def client(live):
    with openai.OpenAI(base_url=live.url, api_key="any") as found:
        yield found


def test_a_program_that_names_sora_works_as_it_is(client):
    video = client.videos.create_and_poll(
        model="sora-2", prompt="a red ball bounces", seconds="4", size="64x64", poll_interval_ms=50
    )
    assert video.status == "completed", video.error
    assert set(json.loads(video.model_dump_json())) >= ALL
    assert (video.object, video.model, video.seconds, video.size, video.progress) == (
        "video",
        "fake",
        "4",
        "64x64",
        100,
    )
    assert video.completed_at >= video.created_at > time.time() - 600
    assert (video.error, video.expires_at, video.remixed_from_video_id) == (None, None, None)
    assert video.prompt == "a red ball bounces"
    assert video.kinora["requested"] == {"model": "sora-2"}


def test_nothing_but_a_prompt(client, live):
    video = client.videos.create(prompt="a red ball bounces")
    assert video.status == "queued"
    assert (video.size, video.seconds) == ("128x128", "4")
    assert live.ended(video.id)["status"] == "completed"


def test_polling_is_told_how_often_to_ask(client):
    video = client.videos.create(prompt="a ball", seconds="1", size="64x64")
    answer = client.videos.with_raw_response.retrieve(video.id)
    if answer.parse().status in ("queued", "in_progress"):
        assert 500 <= int(answer.headers["openai-poll-after-ms"]) <= 5000
    assert client.videos.poll(video.id).status == "completed"
    assert "openai-poll-after-ms" not in client.videos.with_raw_response.retrieve(video.id).headers


def test_a_picture_becomes_the_first_frame(client, live, files):
    with (files / "picture.png").open("rb") as picture:
        video = client.videos.create(prompt="it moves", input_reference=picture, size="64x64", seconds="1")
    assert live.ended(video.id)["status"] == "completed"
    assert live.ended(video.id)["kinora"]["edit"] == "animate"


def test_object_references_in_both_working_spellings(client, live, files, done):
    data = "data:image/png;base64," + base64.b64encode((files / "picture.png").read_bytes()).decode()
    with pytest.raises(RuntimeError, match="Expected entry at"):
        client.videos.extend(prompt="it goes on", seconds="1", video={"id": done})
    first = client.videos.extend(
        prompt="it goes on", seconds="1", video=openai.omit, extra_body={"video": {"id": done}}
    )
    second = client.post(
        "/videos/extensions", body={"prompt": "it goes on", "seconds": "1", "video": {"id": done}}, cast_to=Video
    )
    third = client.videos.create(
        prompt="it moves",
        extra_headers={"Content-Type": "application/json"},
        extra_body={"input_reference": {"image_url": data}, "size": "64x64", "seconds": "1"},
    )
    assert [one.seconds for one in (first, second, third)] == ["4", "4", "1"]
    assert {live.ended(one.id)["status"] for one in (first, second, third)} == {"completed"}


def test_retrieve_and_errors_are_openais(client, done):
    assert client.videos.retrieve(done).id == done
    with pytest.raises(openai.NotFoundError) as missing:
        client.videos.retrieve("video_" + "0" * 32)
    assert (missing.value.code, missing.value.param, missing.value.type) == (
        "not_found",
        "video_id",
        "invalid_request_error",
    )
    assert missing.value.request_id.startswith("req_")
    with pytest.raises(openai.BadRequestError, match="multiples of 16") as wrong:
        client.videos.create(prompt="a ball", size="113x200")
    assert (wrong.value.code, wrong.value.param) == ("invalid_value", "size")
    with pytest.raises(openai.NotFoundError) as source:
        client.videos.remix("video_1", prompt="a ball")
    assert source.value.param == "video_id"
    with pytest.raises(openai.BadRequestError, match="Expected a value <= 100, but got 1000 instead") as many:
        client.videos.list(limit=1000)
    assert many.value.code == "integer_above_max_value"
    with pytest.raises(openai.NotFoundError) as unknown:
        client.videos.create(prompt="a ball", model="veo")
    assert unknown.value.code == "model_not_found"
    with pytest.raises(openai.BadRequestError) as blocked:
        client.videos.create(prompt="a nude woman on a bed")
    assert blocked.value.code == "moderation_blocked"


def test_a_key_that_nobody_gave_is_openais_error(serve):
    wrong_key = openai.OpenAI(base_url=serve(workers=0, keys=True).url, api_key="sk-none")
    with wrong_key as client, pytest.raises(openai.AuthenticationError, match="Incorrect API key") as wrong:
        client.videos.list()
    assert (wrong.value.type, wrong.value.code, wrong.value.param) == ("invalid_request_error", "invalid_api_key", None)


def test_download_in_three_variants_and_streamed(client, done, tmp_path):
    whole = client.videos.download_content(done)
    path = tmp_path / "video.mp4"
    whole.write_to_file(path)
    assert probe(path).size == (64, 64)
    assert read_file(path).state == "trusted"
    thumbnail = client.videos.download_content(done, variant="thumbnail")
    sheet = client.videos.download_content(done, variant="spritesheet")
    assert Image.open(io.BytesIO(thumbnail.read())).format == "WEBP"
    assert Image.open(io.BytesIO(sheet.read())).format == "JPEG"
    streamed = tmp_path / "streamed.mp4"
    with client.videos.with_streaming_response.download_content(done) as answer:
        assert answer.headers["content-type"] == "video/mp4"
        answer.stream_to_file(streamed)
    assert streamed.read_bytes() == path.read_bytes()


def test_remix_edit_and_extend(client, live, files, done):
    remixed = client.videos.remix(done, prompt="a blue ball bounces")
    assert remixed.remixed_from_video_id == done
    edited = client.videos.edit(prompt="a green ball", video=openai.omit, extra_body={"video": {"id": done}})
    uploaded = client.videos.edit(prompt="a storm", video=(files / "clip.mp4"))
    extended = client.videos.extend(prompt="it stops", seconds="4", video=(files / "clip.mp4"))
    backward = client.videos.extend(
        prompt="it began", seconds="2", video=openai.omit, extra_body={"video": {"id": done}, "direction": "backward"}
    )
    kinds = {one.id: live.ended(one.id) for one in (remixed, edited, uploaded, extended, backward)}
    assert {one["status"] for one in kinds.values()} == {"completed"}
    assert [one["kinora"]["kind"] for one in kinds.values()] == ["remix", "edit", "edit", "extend", "extend"]
    assert [one["seconds"] for one in kinds.values()] == ["3", "3", "3", "7", "5"]


def test_characters(client, live, files):
    character = client.videos.create_character(
        name="Bobo", video=(files / "clip.mp4"), extra_body={"description": "a blue fluffy creature"}
    )
    found = client.videos.get_character(character.id)
    assert (found.name, found.created_at) == ("Bobo", character.created_at)
    video = client.videos.create(
        prompt="Bobo walks on a beach", seconds="1", extra_body={"characters": [{"id": character.id}]}
    )
    assert live.ended(video.id)["kinora"]["edit"] == "cast"
    with pytest.raises(openai.BadRequestError, match="does not name the character 'Bobo'"):
        client.videos.create(prompt="a walk", extra_body={"characters": [{"id": character.id}]})
    with pytest.raises(openai.NotFoundError):
        client.videos.create(prompt="Bobo", extra_body={"characters": [{"id": "char_none"}]})


def test_delete(client, live):
    video = client.videos.create(prompt="a ball", seconds="1", size="64x64")
    live.ended(video.id)
    gone = client.videos.delete(video.id)
    assert (gone.id, gone.object, gone.deleted) == (video.id, "video.deleted", True)
    for ask in (client.videos.retrieve, client.videos.delete, client.videos.download_content):
        with pytest.raises(openai.NotFoundError):
            ask(video.id)


def test_pages_over_250_jobs(serve):
    live = serve(workers=0, queue_each=1000)
    new = {"kind": "generate", "request": {}, "model": "fake", "size": "64x64", "seconds": 1, "prompt": "a ball"}
    made = [live.app.state.store.add(NewJob(owner="local", **new)).id for _ in range(247)]
    with openai.OpenAI(base_url=live.url, api_key="any") as client:
        made += [client.videos.create(prompt="a ball", seconds="1", size="64x64").id for _ in range(3)]
        newest_first = [video.id for video in client.videos.list(limit=100)]
        oldest_first = [video.id for video in client.videos.list(limit=7, order="asc")]
        page = client.videos.list(limit=100, after=made[10])
    assert newest_first == made[::-1]
    assert oldest_first == made
    assert [video.id for video in page.data] == made[9::-1]
    assert (page.has_more, page.last_id) == (False, made[0])


def test_lists_are_emptied_while_they_are_paged_through(serve):
    with openai.OpenAI(base_url=serve(workers=0).url, api_key="any") as client:
        for number in range(7):
            client.videos.create(prompt="a ball", seconds="1", size="64x64")
            client.webhooks.create(name=str(number), url="http://127.0.0.1:9/", event_types=["video.failed"])
        for video in client.videos.list(limit=3):
            client.videos.delete(video.id)
        for endpoint in client.webhooks.list(limit=3):
            client.webhooks.delete(endpoint.id)
        assert (client.videos.list().data, client.webhooks.list().data) == ([], [])


def test_images_models_and_moderations(client):
    drawn = client.images.generate(prompt="a red ball", n=2, size="64x64")
    pictures = [Image.open(io.BytesIO(base64.b64decode(one.b64_json))) for one in drawn.data]
    assert [(one.format, one.size) for one in pictures] == [("PNG", (64, 64))] * 2
    assert drawn.size == "64x64"
    assert [one.id for one in client.models.list()][:2] == ["fake", "sora-2"]
    assert client.models.retrieve("sora-2").kinora["model"] == "fake"
    judged = client.moderations.create(input=["a red ball bounces", "a nude woman on a bed"])
    assert [one.flagged for one in judged.results] == [False, True]
    assert judged.results[1].categories.sexual
    assert len(judged.results[0].categories.model_dump(by_alias=True)) == 13
    assert set(judged.results[0].kinora["category_scores"]) == {"likeness", "ip", "deception", "extremism"}


def test_moderation_of_words_with_a_picture(client, files):
    data = "data:image/png;base64," + base64.b64encode((files / "picture.png").read_bytes()).decode()
    parts = [{"type": "text", "text": "a red ball"}, {"type": "image_url", "image_url": {"url": data}}]
    (result,) = client.moderations.create(input=parts).results
    assert not result.flagged
    assert result.category_applied_input_types.sexual == ["text"]


def test_provenance_of_pictures_and_videos(client, done, files, tmp_path):
    video = client.videos.download_content(done).read()
    ours = client.content_provenance_checks.create(file=("found.mp4", video))
    assert (ours.object, ours.results[0].type, ours.results[0].outcome) == (
        "content_provenance_check",
        "c2pa",
        "detected",
    )
    assert ours.results[0].validation_state == "trusted"
    foreign = client.content_provenance_checks.create(file=(files / "picture.png"))
    assert {one.type: one.outcome for one in foreign.results}["c2pa"] == "not_detected"
    assert foreign.results[0].validation_state == "not_present"


def test_webhooks_unwrap(client):
    secret, body = new_secret(), json.dumps({"id": "evt_1", "object": "event", "created_at": int(time.time())})
    body = json.dumps({**json.loads(body), "type": "video.completed", "data": {"id": "video_1"}})
    event = client.webhooks.unwrap(body, signed("evt_1", int(time.time()), body, [new_secret(), secret]), secret=secret)
    assert (event.type, event.data.id) == ("video.completed", "video_1")
    with pytest.raises(openai.InvalidWebhookSignatureError):
        client.webhooks.unwrap(body + " ", signed("evt_1", int(time.time()), body, [secret]), secret=secret)


def test_the_asynchronous_client(live, files):
    async def all_of_it():
        async with openai.AsyncOpenAI(base_url=live.url, api_key="any") as client:
            video = await client.videos.create_and_poll(prompt="a ball", seconds="1", size="64x64", poll_interval_ms=50)
            found = await client.videos.retrieve(video.id)
            listed = [one.id async for one in client.videos.list(limit=2)]
            content = (await client.videos.download_content(video.id)).read()
            async with client.videos.with_streaming_response.download_content(video.id) as answer:
                streamed = b"".join([chunk async for chunk in answer.iter_bytes()])
            remixed = await client.videos.remix(video.id, prompt="a blue ball")
            clip = (files / "clip.mp4").read_bytes()
            character = await client.videos.create_character(name="Bobo", video=("bobo.mp4", clip))
            named = await client.videos.get_character(character.id)
            judged = await client.moderations.create(input="a red ball")
            drawn = await client.images.generate(prompt="a red ball", size="64x64")
            gone = await client.videos.delete(video.id)
            return found, listed, content, streamed, remixed, named, judged, drawn, gone

    found, listed, content, streamed, remixed, named, judged, drawn, gone = asyncio.run(all_of_it())
    assert found.status == "completed"
    assert found.id in listed
    assert len(listed) == len(set(listed)) > 2
    assert content == streamed
    assert remixed.remixed_from_video_id == found.id
    assert (named.name, judged.results[0].flagged, len(drawn.data), gone.deleted) == ("Bobo", False, 1, True)


def test_every_method_of_the_clients_resource_is_tested():
    methods = {name for name, one in inspect.getmembers(openai.resources.Videos, inspect.isfunction) if name[0] != "_"}
    assert methods == {
        *("create", "create_and_poll", "poll", "retrieve", "list", "delete", "download_content"),
        *("remix", "edit", "extend", "create_character", "get_character"),
    }
