"""TREC question classification (Li and Roth 2002): six classes, 5,452 training and 500 test questions."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np

from nasbench.live.tasks.shape import TaskShape
from nasbench.live.tasks.task import Split, Splits, Task, shuffled
from nasbench.live.tasks.user_files import UserFiles

LENGTH = 24
VOCABULARY = 4096
SEARCH_QUESTIONS = 545
PADDING, UNKNOWN = 0, 1


def read(folder: Path) -> Splits:
    """Return 4,907 / 545 / 500 questions as tokens `(n, 24)`; the search split is selected by a fixed permutation.

    The vocabulary consists of the most frequent words of the training split only; longer questions are truncated.
    """
    train = _read(folder / "trec_train.txt")
    test = _read(folder / "trec_test.txt")
    order = shuffled(len(train))
    search = [train[i] for i in order[:SEARCH_QUESTIONS]]
    train = [train[i] for i in order[SEARCH_QUESTIONS:]]
    counts = Counter(word for _, words in train for word in words)
    kept = sorted(counts, key=lambda word: (-counts[word], word))[: VOCABULARY - 2]
    numbers = {word: 2 + i for i, word in enumerate(kept)}
    return Splits(*(_encode(part, numbers) for part in (train, search, test)))


def _read(path: Path) -> list[tuple[int, list[str]]]:
    lines = path.read_text(encoding="latin-1").splitlines()
    return [(int(label), text.lower().split()) for label, _, text in (line.partition(" ") for line in lines)]


def _encode(examples: list[tuple[int, list[str]]], numbers: dict[str, int]) -> Split:
    x = np.full((len(examples), LENGTH), PADDING, np.int64)
    for row, (_, words) in zip(x, examples, strict=True):
        tokens = [numbers.get(word, UNKNOWN) for word in words[:LENGTH]]
        row[: len(tokens)] = tokens
    return Split(x, np.array([label for label, _ in examples], np.int64))


FILES = UserFiles(
    task="trec",
    names=("trec_train.txt", "trec_test.txt"),
    published="the questions of TREC by Li and Roth (2002), each a line that begins with its class, 0 to 5",
    read=read,
    sizes=(4907, 545, 500),
)
TASK = Task(
    name="trec",
    shape=TaskShape(dims=1, channels=1, size=LENGTH, outputs=6, vocabulary=VOCABULARY),
    metric="error",
    source=FILES.source,
    load=FILES.load,
    fetch=FILES.fetch,
)
