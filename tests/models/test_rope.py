import pytest
import torch

from kinora.models.rope import rotary_table, rotate

CPU = torch.device("cpu")


@pytest.mark.parametrize(("head_dim", "widths"), [(64, (24, 20, 20)), (128, (44, 42, 42)), (12, (4, 4, 4))])
def test_axes_share_the_head_as_in_wan(head_dim, widths):
    frames, rows, columns = (
        torch.view_as_complex(rotary_table(head_dim, grid, 0, CPU, torch.float64))
        for grid in ((2, 1, 1), (1, 2, 1), (1, 1, 2))
    )
    turned = [(table[1, 0].angle() != 0).sum().item() * 2 for table in (frames, rows, columns)]
    assert tuple(turned) == widths


def test_first_pair_of_each_axis_turns_by_its_position():
    table = torch.view_as_complex(rotary_table(64, (3, 4, 5), 7, CPU, torch.float64)).view(3, 4, 5, 32)
    expected = torch.polar(torch.ones(3, dtype=torch.float64), torch.tensor([7.0 + 2, 3.0, 4.0], dtype=torch.float64))
    torch.testing.assert_close(table[2, 3, 4, [0, 12, 22]], expected)


def test_rotation_turns_neighbouring_pairs():
    x = torch.tensor([1.0, 0.0] + [0.0] * 10).view(1, 1, 1, 12).expand(1, 2, 1, 12)
    angle = torch.tensor(1.0)
    y = rotate(x, rotary_table(12, (2, 1, 1), 0, CPU, torch.float32))
    torch.testing.assert_close(y[0, 1, 0, :2], torch.stack((angle.cos(), angle.sin())))


def test_products_depend_only_on_the_difference_of_positions():
    torch.manual_seed(0)
    q, k = torch.randn(2, 1, 12, 2, 24, dtype=torch.float64)

    def scores(start):
        table = rotary_table(24, (3, 2, 2), start, CPU, torch.float64)
        return torch.einsum("blhd,bshd->bhls", rotate(q, table), rotate(k, table))

    torch.testing.assert_close(scores(0), scores(37))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64])
def test_keeps_the_dtype(dtype):
    x = torch.randn(1, 4, 1, 12, dtype=dtype)
    y = rotate(x, rotary_table(12, (1, 2, 2), 0, CPU, dtype))
    assert y.dtype == dtype
    torch.testing.assert_close(y.norm(dim=-1), x.norm(dim=-1), rtol=1e-2, atol=1e-2)


def test_compiled_form_is_the_same_function(monkeypatch):
    x = torch.randn(2, 8, 3, 24)
    table = rotary_table(24, (2, 2, 2), 0, CPU, torch.float32)
    complex_form = rotate(x, table)
    monkeypatch.setattr(torch.compiler, "is_compiling", lambda: True)
    torch.testing.assert_close(rotate(x, table), complex_form)


def test_a_table_made_under_inference_serves_a_training():
    rotary_table.cache_clear()
    with torch.inference_mode():
        table = rotary_table(12, (1, 2, 2), 0, CPU, torch.float32)
    x = torch.randn(1, 4, 1, 12, requires_grad=True)
    rotate(x, table).sum().backward()
    assert x.grad is not None
