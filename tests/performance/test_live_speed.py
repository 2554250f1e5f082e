"""A DARTS search step against a plain hand-written torch loop of the same operations; `--benchmark-enable` prints both.

The two take the same steps from the same weights (asserted), on the supernet that `nasbench search digits` uses. Timed by turns
in one process, so that a busy machine slows both; the ratio is that of the medians.
"""

from __future__ import annotations

import time
from statistics import median
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="live search needs torch: pip install 'nas-verify[live]'")
from torch import Tensor, nn  # noqa: E402

from nasbench.live.searchers.darts import Darts  # noqa: E402
from nasbench.live.searchers.loop import build_searcher  # noqa: E402
from nasbench.live.searchers.searcher import SupernetConfig  # noqa: E402
from nasbench.live.tasks.catalogue import get_task  # noqa: E402
from nasbench.live.training.batches import Batch, DeviceSplit  # noqa: E402

SETTINGS = SupernetConfig(epochs=10, batch_size=64, channels=8, cells=1)
GOAL = 0.9
"""Time of the plain loop over that of the search step (issue: 0.9 or better)."""


def conv_block(c: int, kernel: int) -> nn.Sequential:
    return nn.Sequential(
        nn.ReLU(),
        nn.Conv2d(c, c, kernel, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(c, affine=False, track_running_stats=False),
    )


class PlainCell(nn.Module):
    def __init__(self, c: int) -> None:
        super().__init__()
        self.one = nn.ModuleList(conv_block(c, 1) for _ in range(6))
        self.three = nn.ModuleList(conv_block(c, 3) for _ in range(6))
        self.pool = nn.AvgPool2d(3, 1, 1, count_include_pad=False)

    def edge(self, e: int, x: Tensor, w: Tensor) -> Tensor:
        return w[e, 1] * x + w[e, 2] * self.one[e](x) + w[e, 3] * self.three[e](x) + w[e, 4] * self.pool(x)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        a = self.edge(0, x, w)
        b = self.edge(1, x, w) + self.edge(2, a, w)
        return self.edge(3, x, w) + self.edge(4, a, w) + self.edge(5, b, w)


class PlainReduction(nn.Module):
    def __init__(self, c: int) -> None:
        super().__init__()
        self.main = nn.Sequential(
            nn.ReLU(), nn.Conv2d(c, 2 * c, 3, 2, 1, bias=False), nn.BatchNorm2d(2 * c, track_running_stats=False),
            nn.ReLU(), nn.Conv2d(2 * c, 2 * c, 3, 1, 1, bias=False), nn.BatchNorm2d(2 * c, track_running_stats=False),
        )  # fmt: skip
        self.shortcut = nn.Sequential(nn.AvgPool2d(2, 2), nn.Conv2d(c, 2 * c, 1, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        return self.shortcut(x) + self.main(x)


class PlainSupernet(nn.Module):
    def __init__(self, c: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(1, c, 3, padding=1, bias=False), nn.BatchNorm2d(c, track_running_stats=False)
        )
        self.cells = nn.ModuleList([PlainCell(c), PlainCell(2 * c), PlainCell(4 * c)])
        self.reductions = nn.ModuleList([PlainReduction(c), PlainReduction(2 * c)])
        self.last = nn.Sequential(nn.BatchNorm2d(4 * c, track_running_stats=False), nn.ReLU())
        self.linear = nn.Linear(4 * c, 10)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        x = self.cells[0](self.stem(x), w)
        x = self.cells[1](self.reductions[0](x), w)
        x = self.cells[2](self.reductions[1](x), w)
        return self.linear(self.last(x).mean((2, 3)))


class PlainDarts:
    """First-order DARTS as one would write it in a page; in bfloat16 by autocast where the searcher computes so."""

    def __init__(self, searcher: Darts) -> None:
        settings = searcher.settings
        self.cast = torch.autocast("cpu", torch.bfloat16, enabled=settings.precision == "bfloat16", cache_enabled=False)
        self.network = PlainSupernet(settings.channels)
        mine, theirs = self._ordered(), list(searcher.supernet.network.parameters())
        with torch.no_grad():
            for a, b in zip(mine, theirs, strict=True):
                a.copy_(b)
        self.alpha = searcher.alpha.detach().clone().requires_grad_()
        self.weights = list(self.network.parameters())
        self.sgd = torch.optim.SGD(
            self.weights, settings.learning_rate, settings.momentum, weight_decay=settings.weight_decay
        )
        self.adam = torch.optim.Adam([self.alpha], 3e-4, betas=(0.5, 0.999), weight_decay=1e-3)

    def _ordered(self) -> list[Tensor]:
        net: Any = self.network
        parameters: list[Tensor] = list(net.stem.parameters())
        for stage in range(3):
            if stage:
                parts = net.reductions[stage - 1]
                parameters += [*parts.main.parameters(), *parts.shortcut.parameters()]
            for e in range(6):
                parameters += [*net.cells[stage].one[e].parameters(), *net.cells[stage].three[e].parameters()]
        return [*parameters, *net.last.parameters(), *net.linear.parameters()]

    def step(self, train: Batch, search: Batch) -> Tensor:
        loss = self.loss(search, self.alpha.softmax(1))
        (self.alpha.grad,) = torch.autograd.grad(loss, self.alpha)
        self.adam.step()
        self.sgd.zero_grad(set_to_none=True)
        value = self.loss(train, self.alpha.softmax(1).detach())
        value.backward()
        nn.utils.clip_grad_norm_(self.weights, SETTINGS.gradient_clip)
        self.sgd.step()
        return value.detach()

    def loss(self, batch: Batch, w: Tensor) -> Tensor:
        with self.cast:
            logits = self.network(batch[0], w)
        return nn.functional.cross_entropy(logits.float(), batch[1])


def build_pair(settings: SupernetConfig) -> tuple[Darts, PlainDarts, list[tuple[Batch, Batch]]]:
    """Return a searcher on the digits, the plain loop with its weights, and the batches of an epoch; on one thread."""
    torch.set_num_threads(1)
    task = get_task("digits")
    searcher = build_searcher(lambda *a: Darts(*a), task, "nas-bench-201", settings, torch.device("cpu"))
    assert isinstance(searcher, Darts)
    searcher.supernet.train()
    splits = task.load()
    generator = torch.Generator().manual_seed(0)
    train, held = (DeviceSplit(s, task, torch.device("cpu")) for s in (splits.train, splits.search))
    size = settings.batch_size
    batches = list(zip(train.epoch(size, generator), held.forever(size, generator), strict=False))
    return searcher, PlainDarts(searcher), batches


@pytest.fixture(scope="module")
def pair() -> tuple[Darts, PlainDarts, list[tuple[Batch, Batch]]]:
    return build_pair(SETTINGS)


def test_a_search_step_is_as_fast_as_a_plain_loop(
    pair: tuple[Darts, PlainDarts, list[tuple[Batch, Batch]]], benchmark: Any
) -> None:
    searcher, plain, batches = pair
    searcher.supernet.train()
    for train, search in batches[:3]:
        torch.testing.assert_close(searcher.step(train, search), plain.step(train, search), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(searcher.alpha, plain.alpha, rtol=1e-4, atol=1e-6)
    if not benchmark.enabled:
        return

    def turn() -> tuple[float, float]:
        seconds = []
        for step in (searcher.step, plain.step):
            start = time.perf_counter()
            for train, search in batches[:4]:
                step(train, search)
            seconds.append(time.perf_counter() - start)
        return seconds[0], seconds[1]

    turns = [turn() for _ in range(25)]
    ours, theirs = (median(t[i] for t in turns) for i in (0, 1))
    benchmark.extra_info["plain_over_ours"] = theirs / ours
    benchmark.pedantic(searcher.step, args=batches[0], rounds=20)
    print(
        f"\nplain loop {theirs / 4 * 1e3:.2f} ms, search step {ours / 4 * 1e3:.2f} ms, ratio {theirs / ours:.3f} (goal {GOAL})"
    )
