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


def test_what_no_worker_could_begin_is_refused_before_it_waits():
    settings = Settings(model="fake", memory=300 * MIB)
    admit(settings, 300 * MIB)
    with pytest.raises(InvalidRequest, match="gives its jobs 300 MiB"):
        admit(settings, 301 * MIB)
    admit(Settings(model="fake", memory=300 * MIB, workers=0), 301 * MIB)  # others work for it, with their own limits
