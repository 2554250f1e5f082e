"""The search spaces of HW-GPT-Bench: decoder-only transformers at the sizes of GPT-2 small, medium and large.

Source: Sukthanker, Zela, Staffler, Klein, Purucker, Franke and Hutter, NeurIPS 2024 Datasets and Benchmarks, table 1. An architecture
chooses the embedding dimension, the number of layers, for each layer the ratio of its MLP to the embedding and its number of attention
heads, and whether linear layers have a bias: 27, 51 or 75 decisions. What is chosen for a layer beyond the number of layers has no effect.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from nasbench.errors import NasbenchError
from nasbench.spaces.space import Architectures, Space

MLP_RATIOS = (2, 3, 4)
EMBEDDING, LAYERS, FIRST_LAYER = range(3)
"""Positions of the decisions; ratios of all layers begin at `FIRST_LAYER`, then come the heads of all layers, last the bias."""


@dataclass(frozen=True)
class GptScale:
    """The choices of one of the three spaces: embedding dimensions, numbers of layers, numbers of heads of a layer."""

    embeddings: tuple[int, ...]
    layers: tuple[int, ...]
    heads: tuple[int, ...]


SCALES: Mapping[str, GptScale] = {
    "s": GptScale((192, 384, 768), (10, 11, 12), (4, 8, 12)),
    "m": GptScale((256, 512, 1024), (22, 23, 24), (8, 12, 16)),
    "l": GptScale((320, 640, 1280), (34, 35, 36), (8, 16, 20)),
}


class HwGptBenchSpace(Space):
    """The space of one scale.

    Strings name the choices in the order of the decisions; those of the benchmark itself (`gpt-s-10-768-4-4-...-True`: layers, embedding,
    ratios, heads, bias) are read too.

    Args:
        scale: "s", "m" or "l".
    """

    def __init__(self, scale: str) -> None:
        self.scale = scale
        self.sizes = SCALES[scale]
        self.most_layers = max(self.sizes.layers)
        layers = range(1, self.most_layers + 1)
        ratios = tuple(f"x{ratio}" for ratio in MLP_RATIOS)
        heads = tuple(f"{count}h" for count in self.sizes.heads)
        super().__init__(
            f"hw-gpt-bench-{scale}",
            ("embedding", "layers", *(f"mlp {i}" for i in layers), *(f"heads {i}" for i in layers), "bias"),
            (
                tuple(f"e{size}" for size in self.sizes.embeddings),
                tuple(f"{count}-layers" for count in self.sizes.layers),
                *(ratios for _ in layers),
                *(heads for _ in layers),
                ("bias", "no-bias"),
            ),
        )

    @property
    def ordered(self) -> NDArray[np.bool_]:
        """All decisions but the bias."""
        return np.arange(self.d) < self.d - 1

    def has_effect(self, architectures: Architectures) -> NDArray[np.bool_]:
        """Return which decisions have an effect, `(..., d)`: all but those of layers beyond the number of layers."""
        count = np.asarray(self.sizes.layers)[architectures[..., LAYERS]][..., None]
        layer = np.tile(np.arange(self.most_layers), 2)
        effect = np.ones(architectures.shape, dtype=np.bool_)
        effect[..., FIRST_LAYER:-1] = layer < count
        return effect

    def canonical(self, architectures: Architectures) -> Architectures:
        """Set to the first choice what has no effect."""
        return np.where(self.has_effect(architectures), architectures, 0).astype(np.int8)

    def from_string(self, text: str) -> Architectures:
        """Return the architecture of a string of choices or of the benchmark's own; see `Space.from_string`."""
        if not text.startswith("gpt-"):
            return super().from_string(text)
        words = text.split("-")
        count = int(words[2]) if len(words) > 2 and words[2].isdecimal() else 0
        if words[1] != self.scale or count not in self.sizes.layers or len(words) != 2 * count + 5:
            raise NasbenchError(
                f"Architecture {text!r} is none of {self.name!r}, whose names read gpt-{self.scale}-LAYERS-EMBEDDING-RATIOS-HEADS-BIAS."
            )
        absent = self.most_layers - count
        ratios = [f"x{word}" for word in words[4 : 4 + count]] + [f"x{MLP_RATIOS[0]}"] * absent
        heads = [f"{word}h" for word in words[4 + count : -1]] + [f"{self.sizes.heads[0]}h"] * absent
        bias = {"True": "bias", "False": "no-bias"}.get(words[-1], words[-1])
        return super().from_string(",".join([f"e{words[3]}", f"{count}-layers", *ratios, *heads, bias]))


small, medium, large = (partial(HwGptBenchSpace, scale) for scale in SCALES)
