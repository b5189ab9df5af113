"""What a job will take is known before it is begun, from above, and what can never be had is refused at once."""

import pytest

from kinora.errors import InvalidRequest
from kinora.serve.settings import Settings
from kinora.serve.work.memory import MIB, admit, predicted


@pytest.mark.parametrize(
    ("size", "seconds", "measured"),
    [
        ((128, 128), 1, 682_536_960),
        ((512, 512), 1, 815_689_728),
        ((512, 512), 4, 938_016_768),
        ((128, 128), 60, 650 * MIB),
    ],
)
def test_the_prediction_is_above_what_was_measured_and_not_out_of_reach(size, seconds, measured):
    assert measured < predicted("kinora-small", size, seconds) < 1.6 * measured


def test_it_grows_with_size_and_with_sources_and_a_long_clip_takes_a_window():
    small, large = predicted("fake", (64, 64), 4), predicted("fake", (512, 512), 4)
    assert small < large
    assert small < predicted("fake", (64, 64), 5) == predicted("fake", (64, 64), 60)
    assert predicted("fake", (512, 512), 60, given=True) > predicted("fake", (512, 512), 60)


@pytest.fixture
def open_model(tmp_path):
    """A folder that holds as many bytes as TI2V-5B's weights, as far as anybody can tell without reading them."""
    (tmp_path / "transformer").mkdir()
    with (tmp_path / "transformer" / "weights.safetensors").open("wb") as file:
        file.truncate(10 * 10**9)  # sparse: nothing is written
    return f"wan2.2-ti2v-5b@{tmp_path}"


def test_an_open_model_takes_what_its_plan_says(open_model):
    from kinora.checkpoints.cards import CARDS
    from kinora.engine.open.forecast import FLOAT32, Machine, forecast

    card = CARDS["wan2.2-ti2v-5b"]
    for size, seconds, frames in (((704, 1280), 5, 121), ((480, 832), 1, 25)):
        plan = forecast(card, size=size, frames=frames, machine=Machine(memory=64e9, flops=1e12, act=FLOAT32))
        assert plan.peak < predicted(open_model, size, seconds) < plan.peak + 1e9
    assert 29e9 < predicted(open_model, (704, 1280), 5) < 30e9
    held = predicted(open_model, (704, 1280), 5, given=True) - predicted(open_model, (704, 1280), 5)
    assert held == 9 * 704 * 1280 * 120


def test_a_large_model_is_refused_where_it_could_never_run(open_model):
    memory = predicted(open_model, (704, 1280), 5)
    with pytest.raises(InvalidRequest, match="about 28,"):
        admit(Settings(model=open_model, memory=24 * 2**30), memory)
    admit(Settings(model=open_model, memory=32 * 2**30), memory)


def test_a_part_of_a_model_takes_what_it_weighs(tmp_path):
    (tmp_path / "tiny.safetensors").write_bytes(b"0" * MIB)
    small = predicted(f"wan2.2-ti2v-5b@{tmp_path}", (64, 64), 1)
    assert small < 2**30


def test_what_no_worker_could_begin_is_refused_before_it_waits():
    settings = Settings(model="fake", memory=300 * MIB)
    admit(settings, 300 * MIB)
    with pytest.raises(InvalidRequest, match="gives its jobs 300 MiB"):
        admit(settings, 301 * MIB)
    admit(Settings(model="fake", memory=300 * MIB, workers=0), 301 * MIB)  # others work for it, with their own limits
