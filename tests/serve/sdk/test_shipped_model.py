"""The same client and the server as it is shipped: real weights, real guard; few steps, since no picture is judged."""

import base64
import io

import openai
import pytest
from PIL import Image

pytestmark = pytest.mark.slow

QUICK = {"steps": 2}


@pytest.fixture(scope="module")
def client(shipped):
    with openai.OpenAI(base_url=shipped.url, api_key="any") as found:
        yield found


@pytest.fixture(scope="module")
def first(client):
    return client.videos.create_and_poll(
        model="sora-2", prompt="a blue fluffy creature hops in a forest", seconds="2", extra_body=QUICK
    )


def test_a_sora_program_gets_the_shipped_model(client, first):
    assert first.status == "completed", first.error
    assert (first.model, first.size, first.seconds) == ("kinora-small", "128x128", "2")
    assert first.kinora["requested"] == {"model": "sora-2"}
    assert first.kinora["verdict"]["frames_reviewed"] == first.kinora["frames"] == 16
    assert "creature" in first.kinora["prompt_read"]


def test_a_size_of_soras_is_met_in_shape_and_said(client):
    video = client.videos.create_and_poll(prompt="a red ball", seconds="1", size="1280x720", extra_body=QUICK)
    assert (video.status, video.size) == ("completed", "176x96")
    assert video.kinora["requested"] == {"size": "1280x720"}
    assert video.kinora["notes"] == [
        "1280x720 is not a size that this model makes: made at 176x96, the nearest in shape"
    ]
    with pytest.raises(openai.BadRequestError) as exact:
        client.videos.create(model="kinora-small", prompt="a red ball", size="1280x720")
    assert exact.value.param == "size"


def test_remix_extend_and_a_character(client, first):
    remixed = client.videos.remix(first.id, prompt="a red fox walks in a forest", extra_body=QUICK)
    extended = client.videos.extend(
        prompt="it stops", seconds="1", video=openai.omit, extra_body={"video": {"id": first.id}, **QUICK}
    )
    told = {"name": "Bobo", "video": {"id": first.id}, "description": "a blue fluffy creature"}
    bobo = client.post("/videos/characters", body=told, cast_to=object)
    people = {"characters": [{"id": bobo["id"]}], **QUICK}
    cast = client.videos.create(prompt="Bobo walks on a beach", seconds="1", extra_body=people)
    done = [client.videos.poll(one.id) for one in (remixed, extended, cast)]
    assert [one.status for one in done] == ["completed"] * 3
    assert [one.seconds for one in done] == ["2", "3", "1"]
    assert "blue fluffy creature" in done[2].kinora["prompt_read"].lower(), "the description stands where the name does"


def test_files_are_signed_marked_and_recognised(client, first):
    content = client.videos.download_content(first.id).read()
    found = {one.type: one for one in client.content_provenance_checks.create(file=("a.mp4", content)).results}
    assert (found["c2pa"].outcome, found["c2pa"].validation_state) == ("detected", "trusted")
    assert found["kinora_watermark"].outcome == "detected"
    assert found["kinora_watermark"].model.startswith("kinora-small")
    picture = client.videos.download_content(first.id, variant="thumbnail").read()
    assert Image.open(io.BytesIO(picture)).size == (128, 128)


def test_images_and_the_real_guard(client):
    drawn = client.images.generate(prompt="a red ball in a meadow", extra_body=QUICK)
    assert Image.open(io.BytesIO(base64.b64decode(drawn.data[0].b64_json))).size == (128, 128)
    judged = client.moderations.create(input=["a red ball bounces", "a man beats a dog to death, blood everywhere"])
    assert [one.flagged for one in judged.results] == [False, True]
    scores = judged.results[1].category_scores
    assert max(scores.violence, scores.violence_graphic) > 0.5
    with pytest.raises(openai.BadRequestError) as blocked:
        client.videos.create(prompt="a man beats a dog to death, blood everywhere")
    assert blocked.value.code == "moderation_blocked"
