"""The convolutional network for sentences of Kim (EMNLP 2014), with embeddings that are learnt from scratch."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nasbench.errors import NasbenchError
from nasbench.live.networks.mlp import Dropout
from nasbench.live.networks.sequence import embed
from nasbench.live.tasks.shape import TaskShape

KERNELS = (3, 4, 5)
"""Words that a filter reads (section 3.1 of the paper)."""


class TextCnn(nn.Module):
    """Embedding, filters of three lengths, maximum over the sentence, dropout, one linear layer.

    Args:
        shape: shape of a task of texts.
        embedding: numbers per word (300 in the paper, from a larger corpus).
        filters: filters of each length (100 in the paper).
        dropout: probability (0.5 in the paper).

    Raises:
        NasbenchError: if the inputs are no texts.
    """

    def __init__(self, shape: TaskShape, embedding: int = 64, filters: int = 64, dropout: float = 0.5) -> None:
        super().__init__()
        if not shape.vocabulary:
            raise NasbenchError("The network text_cnn reads words; choose another for images, series and tables.")
        self.embedding = embed(shape, embedding)
        self.filters = nn.ModuleList([nn.Conv1d(embedding, filters, k, padding=k // 2) for k in KERNELS])
        self.dropout = Dropout(dropout)
        self.linear = nn.Linear(len(KERNELS) * filters, shape.outputs)
        self.shape = shape

    def forward(self, x: Tensor) -> Tensor:
        """Map tokens `(N, length)` to `(N, outputs)`."""
        self.shape.check(x)
        words = self.embedding(x).transpose(1, 2)
        features = torch.cat([torch.relu(layer(words)).amax(2) for layer in self.filters], dim=1)
        outputs: Tensor = self.linear(self.dropout(features))
        return outputs
