import pytest
import torch

from kinora.flow import path


@pytest.fixture
def ends():
    generator = torch.Generator().manual_seed(0)
    return torch.randn(2, 2, 3, 4, 5, 6, generator=generator).unbind()


@pytest.mark.parametrize("shape", [(), (2,), (2, 4), (2, 4, 5, 6), (2, 1, 4, 5, 6)])
def test_the_clean_end_comes_back_from_a_point_and_its_velocity(ends, shape):
    clean, noise = ends
    sigma = torch.rand(shape, generator=torch.Generator().manual_seed(1))
    x, v = path.mix(clean, noise, sigma), path.velocity(clean, noise)
    torch.testing.assert_close(path.clean_from_velocity(x, v, sigma), clean)


def test_sigma_per_frame_reaches_its_own_frame(ends):
    clean, noise = ends
    sigma = torch.tensor([[0.0, 1.0, 0.5, 0.0], [1.0, 0.0, 0.0, 1.0]])
    x = path.mix(clean, noise, sigma)
    assert torch.equal(x[0, :, 0], clean[0, :, 0])
    assert torch.equal(x[0, :, 1], noise[0, :, 1])
    assert torch.equal(x[1, :, 3], noise[1, :, 3])
    torch.testing.assert_close(x[0, :, 2], (clean + noise)[0, :, 2] / 2)


def test_the_path_is_straight(ends):
    clean, noise = ends
    slope = (path.mix(clean, noise, 0.75) - path.mix(clean, noise, 0.25)) / 0.5
    torch.testing.assert_close(slope, path.velocity(clean, noise))


def test_a_sigma_that_fits_no_grid_is_refused():
    with pytest.raises(ValueError, match="sigma of shape"):
        path.on_latent(torch.zeros(2, 3, 4))
