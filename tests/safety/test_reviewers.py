"""Reviewers that need a package, a model or a server, each tested with a small one of its own."""

import base64
import http.server
import io
import json
import sys
import threading
import types

import numpy as np
import pytest
from PIL import Image

from kinora.errors import InvalidRequest, Unavailable
from kinora.safety.frames import FrameReview, Showing
from kinora.safety.policy import FrameBook
from kinora.safety.reviewers import reviewer


@pytest.fixture
def frames() -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (20, 4, 4, 3), np.uint8).repeat(8, axis=1).repeat(8, axis=2)


class StubDetector:
    """NudeNet's detector as its documentation describes it; sees a body where the first pixel's blue is full."""

    def detect_batch(self, pictures, batch_size):
        assert all(picture.flags.c_contiguous for picture in pictures)
        found = [{"class": "FACE_FEMALE", "score": 0.9, "box": [0, 0, 1, 1]}]
        bodies = [{"class": "BUTTOCKS_EXPOSED", "score": 0.6, "box": [0, 0, 1, 1]}]
        bodies.append({"class": "FEMALE_BREAST_EXPOSED", "score": 0.8, "box": [0, 0, 1, 1]})
        return [found + bodies * bool(picture[0, 0, 0] == 255) for picture in pictures]  # BGR: blue comes first


def test_nudenet_reports_bare_bodies_and_no_faces(monkeypatch, frames):
    monkeypatch.setitem(sys.modules, "nudenet", types.SimpleNamespace(NudeDetector=StubDetector))
    frames[:, 0, 0] = 0
    frames[13, 0, 0] = (0, 0, 255)
    found = reviewer("nudenet").begin(Showing(fps=8))(frames)
    assert [(one.frame, one.category, one.score) for one in found] == [(13, "sexual", 0.8)]
    assert found[0].reason == "nudenet sees female breast exposed (0.80)"


def test_nudenet_itself_finds_nothing_in_shapes(frames):
    pytest.importorskip("nudenet", reason="the extra nudenet is not installed")
    assert reviewer("nudenet").begin(Showing(fps=8))(frames[:3]) == []


@pytest.fixture(scope="module")
def classifier(tmp_path_factory):
    """A vision transformer of a few thousand random weights, saved as the hub would hand it out."""
    import torch
    from transformers import ViTConfig, ViTForImageClassification, ViTImageProcessor

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("classifier")
    shape = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    config = ViTConfig(**shape, image_size=16, patch_size=8, id2label={0: "normal", 1: "nsfw", 2: "gore"})
    model = ViTForImageClassification(config)
    torch.nn.init.normal_(model.classifier.weight, std=1.0)
    model.save_pretrained(folder)
    ViTImageProcessor(size={"height": 16, "width": 16}).save_pretrained(folder)
    return folder


def test_a_classifier_by_name_scores_each_frame_as_transformers_does(classifier, frames):
    import torch
    from transformers import AutoImageProcessor, AutoModelForImageClassification

    look = reviewer({"kind": "classifier", "model": str(classifier), "labels": {"nsfw": "sexual", "gore": "graphic"}})
    found = look.begin(Showing(fps=8))(frames)
    assert [one.frame for one in found] == [index for index in range(20) for _ in range(2)]
    model = AutoModelForImageClassification.from_pretrained(classifier)
    for one in (found[0], found[39], found[17]):
        with torch.no_grad():
            picture = AutoImageProcessor.from_pretrained(classifier)(images=frames[one.frame], return_tensors="pt")
            chances = model(**picture).logits.softmax(-1)[0]
        assert one.score == pytest.approx(chances[1 if one.category == "sexual" else 2].item(), abs=1e-5)
    assert len({one.score for one in found if one.category == "sexual"}) == 20, "it looks at the frames"


def test_a_classifiers_labels_must_be_its_own(classifier):
    with pytest.raises(InvalidRequest, match=r"it has no label porn; it knows normal, nsfw, gore"):
        reviewer({"kind": "classifier", "model": str(classifier), "labels": {"porn": "sexual"}})
    with pytest.raises(InvalidRequest, match="labels say which"):
        reviewer({"kind": "classifier", "model": str(classifier), "labels": {}})


@pytest.fixture(scope="module")
def clip_model(tmp_path_factory):
    """A CLIP of a few thousand random weights with a vocabulary of letters."""
    import torch
    from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPProcessor, CLIPTokenizer

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("clip")
    letters = [chr(code) for code in range(97, 123)]
    words = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    (folder / "vocab.json").write_text(json.dumps({word: index for index, word in enumerate(words)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    tokenizer = CLIPTokenizer.from_pretrained(folder)
    shape = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    text = {**shape, "vocab_size": len(words), "max_position_embeddings": 77, "bos_token_id": 52, "eos_token_id": 53}
    vision = {**shape, "image_size": 16, "patch_size": 8}
    CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=8)).save_pretrained(folder)
    crop = {"height": 16, "width": 16}
    CLIPProcessor(CLIPImageProcessor(size={"shortest_edge": 16}, crop_size=crop), tokenizer).save_pretrained(folder)
    return folder


def test_a_zero_shot_model_shares_its_chances_among_texts(clip_model, frames):
    categories = {"graphic": ["a wound", "blood"], "sexual": ["a nude"]}
    look = reviewer({"kind": "zero-shot", "model": str(clip_model), "categories": categories, "neutral": ["a dog"]})
    found = look.begin(Showing(fps=8))(frames)
    assert [(one.frame, one.category) for one in found] == [
        (index, category) for index in range(20) for category in categories
    ]
    only = {"kind": "zero-shot", "model": str(clip_model), "categories": {"dog": ["a dog"]}}
    rest = reviewer({**only, "neutral": ["a wound", "blood", "a nude"]}).begin(Showing(fps=8))(frames)
    for index in range(20):
        total = found[2 * index].score + found[2 * index + 1].score + rest[index].score
        assert total == pytest.approx(1, abs=1e-4)


def test_a_model_that_cant_be_had_is_said_plainly(tmp_path):
    asked = {"kind": "classifier", "model": str(tmp_path / "nowhere"), "labels": {"nsfw": "sexual"}}
    with pytest.raises(Unavailable, match=r"can't be loaded .*; give the directory of a saved model"):
        reviewer(asked)


class Server(http.server.BaseHTTPRequestHandler):
    """Answers as a moderation endpoint: the redder the picture's middle, the worse."""

    failures = 0
    asked: list[dict]

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        kind = type(self)
        kind.asked.append({"path": self.path, "key": self.headers["Authorization"], **body})
        if kind.failures > 0:
            kind.failures -= 1
            self.send_error(503)
            return
        data = base64.b64decode(body["input"][0]["image_url"]["url"].removeprefix("data:image/jpeg;base64,"))
        picture = np.asarray(Image.open(io.BytesIO(data)))
        score = float(picture[16, 16, 0] / 255)
        result = {
            "flagged": score > 0.9,
            "categories": {"violence": score > 0.9},
            "category_scores": {"violence": score},
        }
        answer = json.dumps({"results": [result]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server():
    kind = type("Server", (Server,), {"asked": []})
    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), kind)
    thread = threading.Thread(target=running.serve_forever)
    thread.start()
    yield kind, f"http://127.0.0.1:{running.server_port}/v1"
    running.shutdown()
    thread.join()
    running.server_close()


def test_a_moderation_server_is_asked_about_every_frame(server, monkeypatch):
    kind, url = server
    monkeypatch.setenv("MODERATION_KEY", "secret")
    asked = {"kind": "moderation", "url": url, "model": "omni-moderation-latest", "key_variable": "MODERATION_KEY"}
    frames = np.zeros((12, 32, 32, 3), np.uint8)
    frames[7] = (250, 0, 0)
    review = FrameReview.of({"reviewers": [asked], "block": {"violence": 0.8}})
    book = FrameBook()
    verdict = review(frames, book)
    assert (verdict.allowed, verdict.categories) == (False, ("violence", "flagged"))
    assert "frame 7: moderation by omni-moderation-latest says violence (0.9" in verdict.reason
    assert len(kind.asked) == 12
    assert {(one["path"], one["key"], one["model"], len(one["input"])) for one in kind.asked} == {
        ("/v1/moderations", "Bearer secret", "omni-moderation-latest", 1)
    }


def test_a_busy_moderation_server_is_asked_again_and_a_silent_one_stops_the_clip(server):
    kind, url = server
    kind.failures = 2
    look = reviewer({"kind": "moderation", "url": url, "model": "m", "pause": 0.001}).begin(Showing(fps=8))
    assert len(look(np.zeros((1, 32, 32, 3), np.uint8))) == 1
    kind.failures = 100
    with pytest.raises(Unavailable, match=r"did not judge a frame .it answers 503"):
        look(np.zeros((1, 32, 32, 3), np.uint8))


def test_a_moderation_server_needs_an_address_and_abroad_a_key(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(InvalidRequest, match="named by its http"):
        reviewer({"kind": "moderation", "url": "file:///etc/passwd", "model": "m"})
    with pytest.raises(Unavailable, match=r"needs a key in .OPENAI_API_KEY"):
        reviewer({"kind": "moderation", "url": "https://api.openai.com/v1", "model": "m"})
