"""Two processes in lockstep: averages, agreement, shared matrices, and one model at the end."""

import socket
from pathlib import Path

import pytest
import torch
import torch.multiprocessing as mp
from torch import nn

from kinora.train.optim import Muon
from kinora.train.parallel import Ranks


def _meet(rank: int, port: int, folder: str) -> None:
    import os

    os.environ |= {"RANK": str(rank), "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    torch.set_num_threads(1)
    ranks = Ranks.join()
    torch.manual_seed(0)
    weights = [nn.Parameter(torch.randn(6, 4)) for _ in range(3)]  # an odd number, so the shares differ
    muon = Muon(weights, lr=0.1, ranks=ranks)
    for step in range(3):
        for k, weight in enumerate(weights):
            both = torch.randn(2, 6, 4, generator=torch.Generator().manual_seed(10 * step + k))
            weight.grad = both[rank]
        ranks.average([w.grad for w in weights if w.grad is not None])
        muon.step()
    torch.save({"weights": weights, "agreed": ranks.agree(rank + 0.5)}, f"{folder}/{rank}.pt")
    torch.distributed.destroy_process_group()


def test_two_processes_equal_one(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2]))  # a new process must find this module
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    mp.spawn(_meet, (port, str(tmp_path)), nprocs=2)
    first, second = (torch.load(tmp_path / f"{rank}.pt", weights_only=False) for rank in range(2))
    assert first["agreed"] == second["agreed"] == 0.5

    torch.manual_seed(0)
    weights = [nn.Parameter(torch.randn(6, 4)) for _ in range(3)]
    muon = Muon(weights, lr=0.1)
    for step in range(3):
        for k, weight in enumerate(weights):
            weight.grad = torch.randn(2, 6, 4, generator=torch.Generator().manual_seed(10 * step + k)).mean(0)
        muon.step()
    for ours, a, b in zip(weights, first["weights"], second["weights"], strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=0)
        torch.testing.assert_close(ours, a)


def test_alone_everything_is_its_own(monkeypatch):
    monkeypatch.delenv("RANK", raising=False)
    ranks = Ranks.join()
    rows = torch.arange(6.0).view(3, 2)
    assert (ranks.rank, ranks.size, ranks.agree(1.25)) == (0, 1, 1.25)
    assert torch.equal(ranks.gather(ranks.share(rows), 3), rows)


@pytest.mark.parametrize("total", [1, 4, 5])
def test_shares_cover_everything_once(total):
    rows = torch.arange(total)
    dealt = torch.cat([Ranks(rank, 3).share(rows) for rank in range(3)])
    assert torch.equal(dealt, rows)
