import torch

from kinora.evals.attributes import CORE
from kinora.evals.closeup import Air, Closeup
from kinora.evals.course import Course


def test_what_it_is_does_not_depend_on_where_it_stands():
    torch.manual_seed(0)
    closeup = Closeup(CORE).eval()
    pictures = torch.zeros(2, 1, 3, 128, 128)
    pattern = torch.rand(3, 32, 32)
    pictures[0, 0, :, 8:40, 16:48] = pattern
    pictures[1, 0, :, 72:104, 64:96] = pattern
    masks = torch.zeros(2, 1, 32, 32)
    masks[0, :, 2:10, 4:12] = masks[1, :, 18:26, 16:24] = 1
    course = Course.of(masks)
    with torch.inference_mode():
        said = closeup.identity(closeup.look(pictures, pictures, pictures, course))
    assert said["subject"].std(1).min() > 0
    torch.testing.assert_close(said["subject"][0], said["subject"][1], atol=1e-3, rtol=1e-3)


def test_the_air_is_read_alike_wherever_something_falls():
    torch.manual_seed(0)
    air = Air(CORE).eval()
    pictures = torch.full((3, 1, 3, 128, 128), 0.3)
    pictures[1, :, :, 20:24, 32:36] = 1
    pictures[2, :, :, 84:88, 64:68] = 1
    with torch.inference_mode():
        nothing, there, elsewhere = air(pictures, pictures, pictures)
    torch.testing.assert_close(there, elsewhere, atol=1e-5, rtol=1e-4)
    assert (there - nothing).abs().max() > 1e-4
