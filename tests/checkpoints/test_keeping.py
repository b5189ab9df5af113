"""How large models are kept, as far as a CPU shows it: text read and let go, blocks that visit, 8-bit matrices."""

import gc
import weakref

import pytest
import torch

from kinora.checkpoints.narrow import NarrowLinear, narrow
from kinora.checkpoints.released import KEPT, ReleasedText
from kinora.models.dit import DiT, DiTConfig
from kinora.models.offload import Offload, pin, visit

CONFIG = DiTConfig(
    dim=48, heads=2, layers=4, ffn_dim=64, freq_dim=32, text_dim=24, in_channels=16, out_channels=16, patch=(1, 2, 2)
)


def model(seed=0):
    torch.manual_seed(seed)
    dit = DiT(CONFIG).eval().requires_grad_(False)
    for parameter in dit.parameters():
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=parameter[0].numel() ** -0.5)
    return dit


@torch.inference_mode()
def run(dit):
    generator = torch.Generator().manual_seed(1)
    x, text = torch.randn(2, 16, 3, 4, 6, generator=generator), torch.randn(2, 7, 24, generator=generator)
    context = dit.text_context(text)
    return torch.stack([dit(x, torch.full((2,), sigma), context) for sigma in (0.9, 0.4)])


@pytest.mark.parametrize("width", [None, "int8"])
def test_blocks_that_visit_give_the_same_to_the_bit_and_are_never_all_there(width):
    plain, visiting = model(), model()
    if width is not None:
        narrow(plain.blocks, width)
        narrow(visiting.blocks, width)
    offload = Offload(visiting.blocks, torch.device("cpu"))
    homes = [block.self_attn.q.weight.data_ptr() for block in visiting.blocks]
    assert torch.equal(run(visiting), run(plain))
    assert offload.most == 2  # the one that computes and the next
    left = [block.self_attn.q.weight.data_ptr() == home for block, home in zip(visiting.blocks, homes, strict=True)]
    assert left.count(False) <= 1  # all but the next one to be asked for are home again


def test_only_two_places_whatever_failed_before():
    dit = model()
    offload = Offload(dit.blocks, torch.device("cpu"))
    expected = run(model())
    places = {place._memory.data_ptr() for place in offload._places}
    for failing in (1, 2, 0):
        hook = dit.blocks[failing].ffn.register_forward_pre_hook(lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run(dit)
        hook.remove()
        assert torch.equal(run(dit), expected)
    assert offload.most == 2
    assert {place._memory.data_ptr() for place in offload._places} == places


def test_a_block_is_home_again_when_its_work_fails():
    dit = model()
    offload = Offload(dit.blocks, torch.device("cpu"))
    with pytest.raises(RuntimeError):
        dit.text_context(torch.zeros(1, 3, 5))
    assert offload.most <= 1
    assert run(dit).isfinite().all()


def test_blocks_that_come_once_are_each_there_alone():
    blocks = torch.nn.ModuleList(torch.nn.Linear(3, 3) for _ in range(3))
    homes = [block.weight.data_ptr() for block in blocks]
    visit(blocks, torch.device("cpu"))

    def away():
        return [block.weight.data_ptr() != home for block, home in zip(blocks, homes, strict=True)]

    seen = []
    for block in blocks:
        block.register_forward_pre_hook(lambda *_: seen.append(away()))
        torch.testing.assert_close(block(torch.ones(2, 3))[0], block.weight.sum(dim=1) + block.bias)
    assert seen == [[True, False, False], [False, True, False], [False, False, True]]
    assert away() == [False] * 3


def test_memory_is_pinned_as_it_is_and_let_go_with_its_owner(monkeypatch):
    class Runtime:
        held: dict = {}  # noqa: RUF012

        def cudaHostRegister(self, address, size, _flags):  # noqa: N802 - CUDA's name
            self.held[address] = size
            return 0

        def cudaHostUnregister(self, address):  # noqa: N802
            del self.held[address]

    class Owner:
        pass

    waited = []
    monkeypatch.setattr(torch.cuda, "cudart", Runtime)
    monkeypatch.setattr(torch.cuda, "check_error", lambda result: None if result == 0 else pytest.fail("refused"))
    monkeypatch.setattr(torch.cuda, "synchronize", lambda _device: waited.append(len(Runtime.held)))
    memory, owner = torch.zeros(702, dtype=torch.uint8), Owner()
    pin(memory, owner, torch.device("cuda"))
    assert Runtime.held == {memory.data_ptr(): 702}
    del owner
    gc.collect()
    assert waited == [1]  # before it is let go
    assert Runtime.held == {}


@pytest.mark.parametrize(("width", "close"), [("int8", 0.02), ("float8", 0.06)])
def test_matrices_in_8_bits_are_close_and_half_as_large(width, close):
    plain, narrowed = model(), model()
    narrow(narrowed.blocks, width)
    expected, found = run(plain), run(narrowed)
    assert 0 < ((found - expected).norm() / expected.norm()).item() < close
    matrices = [one for one in narrowed.blocks.modules() if isinstance(one, NarrowLinear)]
    assert len(matrices) == 10 * CONFIG.layers
    assert {one.weight.element_size() for one in matrices} == {1}
    assert not [one for one in narrowed.blocks.modules() if isinstance(one, torch.nn.Linear)]
    assert narrowed.head.head.weight.dtype == torch.float32


def test_a_row_of_zeros_and_large_rows_survive_8_bits():
    wide = torch.nn.Linear(8, 3, bias=False)
    with torch.no_grad():
        wide.weight[0] = 0
        wide.weight[1] *= 1e4
    x = torch.randn(5, 8, generator=torch.Generator().manual_seed(0))
    for width in ("int8", "float8"):
        y = NarrowLinear(wide, width)(x)
        assert torch.equal(y[:, 0], torch.zeros(5))
        torch.testing.assert_close(y, wide(x), atol=0, rtol=0.2)
        assert NarrowLinear(wide, width)(x.bfloat16()).dtype == torch.bfloat16


class Read:
    def __init__(self, states):
        self.states, self.mask = states, None


class Reader:
    asked: list = []  # noqa: RUF012
    alive: list = []  # noqa: RUF012

    def __init__(self):
        Reader.alive.append(weakref.ref(self))

    def encode(self, prompts):
        Reader.asked += prompts
        return Read(torch.stack([torch.full((4, 2), float(len(prompt))) for prompt in prompts]))


def test_text_is_read_once_and_the_reader_let_go():
    Reader.asked, Reader.alive = [], []
    text = ReleasedText(Reader)
    read = text.encode(["ab", "abc", "ab"])
    assert read.mask is None
    assert read.states[:, 0, 0].tolist() == [2, 3, 2]
    assert text.encode(["abc", "abcd"]).states[:, 0, 0].tolist() == [3, 4]
    assert Reader.asked == ["ab", "abc", "abcd"]
    gc.collect()
    assert [one() for one in Reader.alive] == [None, None]


def test_what_is_kept_of_texts_is_bounded():
    text = ReleasedText(Reader)
    for length in range(1, KEPT + 5):
        text.encode(["x" * length])
    Reader.asked = []
    text.encode(["x" * (KEPT + 4)])
    assert Reader.asked == []
    text.encode(["x"])
    assert Reader.asked == ["x"]


def test_the_negative_of_every_request_stays_however_many_prompts_come():
    text = ReleasedText(Reader)
    for length in range(1, 2 * KEPT):
        text.encode(["x" * length, "still, blurred"])
    Reader.asked = []
    text.encode(["still, blurred"])
    assert Reader.asked == []
