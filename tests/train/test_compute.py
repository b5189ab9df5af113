"""The number format is measured, a missing device is the user's to know, compiled blocks compute the same."""

from dataclasses import replace

import pytest
import torch

from kinora.errors import Unavailable
from kinora.train.compute import fastest_dtype, prepare


def test_a_measurement_names_a_format_for_training():
    assert fastest_dtype(torch.device("cpu"), seconds=0.02) in (torch.float32, torch.bfloat16)


def test_gpus_use_bfloat16_unmeasured():
    assert fastest_dtype(torch.device("cuda")) is torch.bfloat16


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
def test_a_missing_gpu_is_said_so(config):
    with pytest.raises(Unavailable, match="--device cpu"):
        prepare(replace(config, device="cuda"))


def test_the_recipes_format_and_threads_are_used(config):
    threads = torch.get_num_threads()
    try:
        compute = prepare(replace(config, dtype="bfloat16", threads=1))
        assert (compute.dtype, torch.get_num_threads()) == (torch.bfloat16, 1)
    finally:
        torch.set_num_threads(threads)
