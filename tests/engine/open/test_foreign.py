"""Any text-to-video pipeline of diffusers, behind the same guard and door: a tiny random one, saved to a folder."""

import json
from dataclasses import replace

import numpy as np
import pytest

import kinora
from kinora.engine.api import check
from kinora.engine.events import Done, Progress, Refused
from kinora.engine.open.foreign import DiffusersEngine, _Run, limits_of, pipeline
from kinora.engine.runtime import Runtime
from kinora.errors import InvalidRequest, KinoraError, UnknownModel
from kinora.request import Shot
from kinora.safety import Verdict, lists_only_guard

diffusers = pytest.importorskip("diffusers", reason="diffusers is what is adapted (pip install kinora[dev])")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # diffusers and transformers under numpy 2
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]

SHOT = Shot("a red ball", size=(32, 32), seconds=5 / 16, steps=2, seed=3, negative="rain")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast, UMT5Config, UMT5EncoderModel

    torch.manual_seed(0)
    words = Tokenizer(models.WordLevel({"<pad>": 0, "</s>": 1, "<unk>": 2, "red": 3, "ball": 4}, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    sizes = UMT5Config(vocab_size=8, d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2)
    pipe = diffusers.WanPipeline(
        tokenizer=PreTrainedTokenizerFast(tokenizer_object=words, pad_token="<pad>", eos_token="</s>"),
        text_encoder=UMT5EncoderModel(sizes),
        vae=diffusers.AutoencoderKLWan(base_dim=3, z_dim=16, dim_mult=[1, 1, 1, 1], num_res_blocks=1),
        scheduler=diffusers.UniPCMultistepScheduler(
            use_flow_sigmas=True, prediction_type="flow_prediction", flow_shift=3.0
        ),
        transformer=diffusers.WanTransformer3DModel(
            num_attention_heads=2, attention_head_dim=12, in_channels=16, out_channels=16, text_dim=16, freq_dim=16,
            ffn_dim=16, num_layers=1, rope_max_seq_len=32,
        ),
    )  # fmt: skip
    place = tmp_path_factory.mktemp("pipelines") / "tiny"
    pipe.save_pretrained(place)
    return place


@pytest.fixture(scope="module")
def engine(folder):
    model = f"diffusers:{folder}"
    made = Runtime(device="cpu", guard=lists_only_guard()).any_engine(model, limits_of(model).plan(SHOT))
    assert isinstance(made, DiffusersEngine)
    return made


def test_an_index_alone_says_what_can_be_asked_for(folder):
    limits = limits_of(f"diffusers:{folder}")
    assert (limits.size, limits.fps, limits.steps, limits.guidance) == ((480, 832), 16, 50, 5.0)
    assert check(replace(SHOT, model=f"diffusers:{folder}")).frames == 5
    with pytest.raises(InvalidRequest, match="sides must be multiples of 16"):
        check(replace(SHOT, model=f"diffusers:{folder}", size=(40, 40)))


def test_words_become_the_frames_that_the_pipeline_makes(engine, folder):
    import torch

    clip = kinora.generate(
        "a red ball", size=(32, 32), seconds=5 / 16, steps=2, seed=3, negative="rain", model=f"diffusers:{folder}",
        device="cpu", guard=lists_only_guard(),
    )  # fmt: skip
    expected = engine.model.pipe(
        "a red ball", negative_prompt="rain", height=32, width=32, num_frames=5, num_inference_steps=2,
        generator=torch.Generator().manual_seed(3), output_type="np",
    ).frames[0]  # fmt: skip
    assert np.array_equal(clip.frames, (np.asarray(expected) * 255).round().astype(np.uint8))
    assert clip.info["sampling"]["scheduler"] == "UniPCMultistepScheduler"
    assert clip.info["frames_reviewed"] == 5
    assert clip.model == f"diffusers:{folder}"


def test_progress_is_told_and_leaving_ends_the_call(engine):
    events = engine.generate(SHOT)
    assert next(events) == Progress("denoise", 1, 2)
    events.close()
    assert isinstance(list(engine.generate(SHOT))[-1], Done)  # and the pipeline can be used again


def test_the_guard_stands_at_both_ends(engine, monkeypatch):
    refused = Verdict(allowed=False, reason="no")
    monkeypatch.setattr(type(engine.guard), "review", lambda *_: refused)
    assert list(engine.generate(SHOT))[-1] == Refused(refused)
    with pytest.raises(TypeError):
        DiffusersEngine(engine.model, None)


def test_a_pipeline_that_makes_fewer_frames_than_were_asked_for_makes_no_clip(engine, monkeypatch):
    monkeypatch.setattr(_Run, "frames", lambda _: np.zeros((3, 32, 32, 3), np.uint8))
    with pytest.raises(KinoraError, match="its pipeline made 3 of 5 frames; ask for another length"):
        list(engine.generate(SHOT))


def test_what_cannot_be_is_said(engine, folder, tmp_path):
    with pytest.raises(InvalidRequest, match="sampler euler: a pipeline of diffusers brings its own scheduler"):
        engine.generate(replace(SHOT, sampler="euler"))
    with pytest.raises(UnknownModel, match="a model of diffusers makes clips from words alone"):
        kinora.remix(np.zeros((5, 32, 32, 3), np.uint8), "a blue ball", model=f"diffusers:{folder}")
    with pytest.raises(UnknownModel, match="neither a folder nor a repository"):
        limits_of("diffusers:nobody/nothing")
    for name, message in {
        "WanImageToVideoPipeline": "does not make a clip from words alone",
        "Nope": "is none of",
    }.items():
        (tmp_path / "model_index.json").write_text(json.dumps({"_class_name": name}))
        with pytest.raises(UnknownModel, match=message):
            pipeline(f"diffusers:{tmp_path}", "cpu")
