"""The cache holds exactly what the encoders say, is made once, and is made anew when it would lie."""

import json

import numpy as np
import pytest
import torch
from einops import rearrange
from safetensors.torch import load, load_file

from kinora.data.latents import KINDS, encode_dataset, fingerprint
from kinora.errors import BadInputFile
from kinora.models.vae import Autoencoder


def pixels(frames):
    return rearrange(torch.from_numpy(frames.astype(np.float32)), "n t h w c -> n c t h w") / 127.5 - 1


def test_latents_are_those_of_the_autoencoder(rendered, vae, text):
    list(encode_dataset(rendered, vae, text, batch=2))
    frames = np.load(rendered / "clips-00001.npy")
    stored = load_file(rendered / "clips-00001.latents.safetensors")
    expected = vae.encode(pixels(frames))
    assert stored["latents"].dtype == torch.bfloat16
    torch.testing.assert_close(stored["latents"].float(), expected, atol=0.02, rtol=0.01)
    still = vae.encode(pixels(frames[3:4, 5:6]))  # frame 5 of 9 is the third of four evenly spread ones
    torch.testing.assert_close(stored["stills"][3:4, 2].float(), still, atol=0.02, rtol=0.01)
    images = load_file(rendered / "images-00000.latents.safetensors")
    assert images["latents"].shape == (6, 48, 1, 2, 2)
    assert "stills" not in images


def test_every_caption_has_its_own_states(rendered, vae, text):
    list(encode_dataset(rendered, vae, text))
    stored = load_file(rendered / "images-00000.text.safetensors")
    described = json.loads((rendered / "images-00000.json").read_text())
    wordings = [caption["text"] for sample in described["samples"] for caption in sample["captions"]]
    assert len(stored["offsets"]) == len(wordings) + 1
    for k, wording in enumerate(wordings):
        states = stored["states"][stored["offsets"][k] : stored["offsets"][k + 1]]
        expected = text.encode([wording]).states[0]
        torch.testing.assert_close(states.float(), expected)
    assert [KINDS[k] for k in stored["kind"].tolist()] == ["image"] * len(wordings)


def test_clips_get_a_caption_of_the_picture_alone(rendered, vae, text):
    list(encode_dataset(rendered, vae, text))
    stored = load_file(rendered / "clips-00000.text.safetensors")
    assert [KINDS[k] for k in stored["kind"].tolist()] == ["medium", "short", "image"] * 5


def test_wordings_are_encoded_once_and_in_order_of_length(rendered, vae, text):
    list(encode_dataset(rendered, vae, text))
    for batch in text.batches:
        assert batch == sorted(set(batch), key=lambda wording: (len(wording), wording))


def test_a_second_run_encodes_nothing(rendered, vae, text):
    first = list(encode_dataset(rendered, vae, text))
    before = {path: path.stat().st_mtime_ns for path in rendered.iterdir()}
    second = list(encode_dataset(rendered, vae, text))
    assert [done.fresh for done in first] == [True] * 3
    assert [done.fresh for done in second] == [False] * 3
    assert before == {path: path.stat().st_mtime_ns for path in rendered.iterdir()}


def test_a_torn_file_is_made_anew(rendered, vae, text):
    list(encode_dataset(rendered, vae, text))
    torn = rendered / "clips-00000.latents.safetensors"
    stored = torn.read_bytes()
    torn.write_bytes(stored[: len(stored) // 2])
    done = list(encode_dataset(rendered, vae, text))
    assert [d.name for d in done if d.fresh] == ["clips-00000"]
    whole, again = load(stored), load_file(torn)  # not the bytes: safetensors writes its metadata in any order
    assert again.keys() == whole.keys()
    assert all(torch.equal(again[name], whole[name]) for name in whole)


def test_other_weights_make_the_latents_anew_but_not_the_text(rendered, vae, other_vae, text):
    list(encode_dataset(rendered, vae, text))
    text.batches.clear()
    assert all(done.fresh for done in encode_dataset(rendered, other_vae, text))
    assert text.batches == []


def test_another_decoder_leaves_latents_valid():
    model = Autoencoder()
    before = fingerprint(model)
    with torch.no_grad():
        for part in (model.decoder, model.reconstruct):
            for param in part.parameters():
                param.add_(1.0)
    assert fingerprint(model) == before
    model.scale.mul_(2)
    assert fingerprint(model) != before


def test_a_shard_rendered_again_is_encoded_again(rendered, vae, text):
    list(encode_dataset(rendered, vae, text))
    index = rendered / "images-00000.json"
    description = json.loads(index.read_text())
    description["samples"][0]["captions"][0]["text"] = "another picture"
    index.write_text(json.dumps(description))
    assert [d.name for d in encode_dataset(rendered, vae, text) if d.fresh] == ["images-00000"]


def test_a_shard_without_its_index_is_not_there_yet(rendered, vae, text):
    (rendered / "clips-00001.json").unlink()
    assert [done.name for done in encode_dataset(rendered, vae, text)] == ["images-00000", "clips-00000"]


def test_an_empty_folder_is_the_users_error(tmp_path, vae, text):
    with pytest.raises(BadInputFile, match="kinora world render"):
        list(encode_dataset(tmp_path, vae, text))


def test_an_unknown_kind_of_caption_is_refused(rendered, vae, text):
    index = rendered / "images-00000.json"
    index.write_text(index.read_text().replace('"image"', '"poem"', 1))
    with pytest.raises(BadInputFile, match="poem"):
        list(encode_dataset(rendered, vae, text))
