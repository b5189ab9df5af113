"""The autoencoder is causal, streams exactly, and refuses sizes it cannot represent."""

import pytest
import torch

from kinora.models.vae import Autoencoder, AutoencoderConfig, patchify, unpatchify

SMALL = AutoencoderConfig(
    channels=12,
    encoder_widths=(16, 12, 8),
    encoder_blocks=(1, 1, 1),
    decoder_widths=(16, 12, 8),
    decoder_blocks=(2, 1, 1),
)


@pytest.fixture(scope="module")
def vae() -> Autoencoder:
    """Random weights everywhere: zero-initialised layers would hide mistakes."""
    torch.manual_seed(0)
    model = Autoencoder(SMALL)
    for p in model.parameters():
        torch.nn.init.normal_(p, std=0.1)
    model.mean.normal_()
    model.scale.uniform_(0.5, 2.0)
    return model.eval().requires_grad_(False)


def pixels(frames: int, height: int = 32, width: int = 48) -> torch.Tensor:
    return torch.rand(2, 3, frames, height, width, generator=torch.Generator().manual_seed(1)) * 2 - 1


@pytest.mark.parametrize("chunk", [1, 2, 3, 7])
def test_streamed_equals_whole(vae, chunk):
    latents = vae.encode(pixels(17))
    whole, stream = vae.decode(latents), vae.stream()
    streamed = torch.cat([stream(part) for part in torch.split(latents, chunk, dim=2)], dim=2)
    assert whole.shape == (2, 3, 17, 32, 48)
    torch.testing.assert_close(streamed, whole, atol=1e-4, rtol=0)


def test_first_frame_is_its_own_latent(vae):
    clip = pixels(9)
    torch.testing.assert_close(vae.encode(clip[:, :, :1]), vae.encode(clip)[:, :, :1], atol=1e-5, rtol=0)


def test_encoding_is_causal(vae):
    clip = pixels(9)
    changed = clip.clone()
    changed[:, :, 5:] = 0
    torch.testing.assert_close(vae.encode(changed)[:, :, :2], vae.encode(clip)[:, :, :2])
    assert not torch.allclose(vae.encode(changed)[:, :, 2], vae.encode(clip)[:, :, 2])


def test_decoding_is_causal_and_sees_the_latent_before(vae):
    latents = vae.encode(pixels(9))
    changed = latents.clone()
    changed[:, :, 1] += 1
    a, b = vae.decode(latents), vae.decode(changed)
    torch.testing.assert_close(a[:, :, :1], b[:, :, :1])
    assert not torch.allclose(a[:, :, 5:], b[:, :, 5:])


def test_patchify_round_trip():
    x = pixels(8)
    torch.testing.assert_close(unpatchify(patchify(x, (4, 16, 16)), (4, 16, 16)), x)


@pytest.mark.parametrize(("frames", "height"), [(8, 32), (9, 40)])
def test_refuses_what_the_grid_cannot_hold(vae, frames, height):
    with pytest.raises(ValueError, match=r"4n\+1 frames"):
        vae.encode(pixels(frames, height))


def test_memory_of_a_stream_does_not_grow(vae):
    stream = vae.stream()
    latents = vae.encode(pixels(5))
    sizes = []
    for _ in range(4):
        stream(latents)
        sizes.append(sum(f.numel() for f in stream.memory._frames))
    assert len(set(sizes)) == 1
