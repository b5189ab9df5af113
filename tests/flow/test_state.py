import pytest
import torch

from kinora.flow.state import LatentState, SeededNoise

SHAPE = (2, 5, 3, 4)


def test_a_seed_gives_its_noise_alone_and_in_a_batch():
    together = LatentState.noise([7, 8], SHAPE).latent
    assert torch.equal(together[1:], LatentState.noise([8], SHAPE).latent)
    assert not torch.equal(together[0], together[1])
    assert together.dtype == torch.float32
    expected = torch.randn(SHAPE, generator=torch.Generator().manual_seed(7))
    assert torch.equal(together[0], expected)


def test_noise_goes_on_where_it_stopped():
    noise, again = SeededNoise([1]), SeededNoise([1])
    first, second = noise(SHAPE), noise(SHAPE)
    assert not torch.equal(first, second)
    assert torch.equal(again(SHAPE), first)
    assert torch.equal(again(SHAPE), second)


def half_held():
    state = LatentState.noise([0], SHAPE)
    clean, mask = torch.full_like(state.clean, 9.0), state.mask.clone()
    mask[:, :, 0] = 0
    mask[:, :, 4] = 0.25
    return LatentState(state.latent, clean, mask)


def test_sigma_is_per_frame_while_frames_are_whole():
    sigma = half_held().sigma(0.8)
    torch.testing.assert_close(sigma, torch.tensor([[0.0, 0.8, 0.8, 0.8, 0.2]]))


def test_sigma_is_per_token_where_the_mask_cuts_a_frame():
    state = LatentState.noise([0, 1], SHAPE)
    state.mask[1, :, 2, 0, 1] = 0
    sigma = state.sigma(torch.tensor(0.5))
    assert sigma.shape == (2, 5, 3, 4)
    assert sigma[1, 2, 0, 1] == 0
    assert (sigma == 0.5).sum() == sigma.numel() - 1


def test_begin_puts_noise_where_generated_and_content_where_held():
    state = half_held()
    x = state.begin()
    assert (x[:, :, 0] == 9).all()
    assert torch.equal(x[:, :, 1:4], state.latent[:, :, 1:4])
    torch.testing.assert_close(x[:, :, 4], 0.75 * state.clean[:, :, 4] + 0.25 * state.latent[:, :, 4])


def test_pin_restores_only_what_is_wholly_held():
    x = half_held().pin(torch.zeros(1, *SHAPE))
    assert (x[:, :, 0] == 9).all()
    assert (x[:, :, 1:] == 0).all()


def test_split_and_join_is_the_identity():
    state = half_held()
    parts = list(state.split((1, 2, 2)))
    assert [p.latent.shape[2] for p in parts] == [1, 2, 2]
    for name in ("latent", "clean", "mask"):
        assert torch.equal(torch.cat([getattr(p, name) for p in parts], dim=2), getattr(state, name))


def test_moving_keeps_the_mask_exact():
    moved = half_held().to("cpu", torch.bfloat16)
    assert moved.latent.dtype == moved.clean.dtype == torch.bfloat16
    assert moved.mask.dtype == torch.float32
    assert moved.begin().dtype == torch.bfloat16


def test_a_mask_of_another_size_is_refused():
    state = LatentState.noise([0], SHAPE)
    with pytest.raises(Exception, match="mask"):
        LatentState(state.latent, state.clean, state.mask[:, :, :2])
