"""Early stopping of searches before the architecture collapses to skip connections."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from nasbench.errors import NasbenchError, unknown_name
from nasbench.live.networks.space_networks import Architecture, SpaceNetworks
from nasbench.ranges import COUNT, POSITIVE, SIZE
from nasbench.renamed import EARLY_STOPPING

MAX_SKIPS = "max-skip-connections"
GRAMMAR = "none, max-skip-connections[:N] or eigenvalue[:WINDOW,RATIO]"
RULES = ("none", MAX_SKIPS, "eigenvalue")


@dataclass
class EarlyStopping:
    """An early-stopping rule, evaluated after each epoch.

    Attributes:
        rule: "none"; "max-skip-connections": stop once the derived architecture has more than `max_skip_connections` skip connections in a cell
            (DARTS+, Liang et al. 2019, criterion 1); "eigenvalue": stop once the dominant eigenvalue of the
            architecture Hessian, averaged over `window` epochs, has grown by more than `1 / ratio` within `window`
            epochs, and go back to the architecture of that time (RobustDARTS, Zela et al., ICLR 2020; their code,
            `src/search/args.py`, has a window of 5 and a growth by 1.3, looked for from epoch 10 on).
        max_skip_connections, window, ratio: parameters of the rules; the ratio is positive and at most 1, since larger
            ones would stop without growth.
    """

    rule: str = "none"
    max_skip_connections: int = 2
    window: int = 5
    ratio: float = 0.75
    eigenvalues: list[float] = field(default_factory=list)
    architectures: list[Architecture] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.rule not in RULES:
            raise unknown_name("early stopping rule", self.rule, RULES)
        right = (
            self.max_skip_connections in SIZE and self.window in COUNT and self.ratio in POSITIVE and self.ratio <= 1
        )
        if not right:
            raise NasbenchError(
                f"Early stopping has max_skip_connections {self.max_skip_connections!r}, window {self.window!r} and ratio "
                f"{self.ratio!r}; max_skip_connections should be "
                f"{SIZE.words}, the window {COUNT.words}, and the ratio positive and at most 1."
            )

    @classmethod
    def parse(cls, text: str) -> EarlyStopping:
        """Parse a rule such as "max-skip-connections:3" or "eigenvalue:5,0.75"; the inverse of `str`.

        Raises:
            NasbenchError: for a text that is not "none", "max-skip-connections[:N]" or "eigenvalue[:WINDOW,RATIO]", or
                an invalid number.
        """
        rule, colon, numbers = text.partition(":")
        rule = EARLY_STOPPING.get(rule, rule)
        if not colon:
            return cls(rule)
        try:
            if rule == MAX_SKIPS:
                return cls(rule, max_skip_connections=int(numbers))
            if rule == "eigenvalue":
                window, ratio = numbers.split(",")
                return cls(rule, window=int(window), ratio=float(ratio))
        except ValueError:
            pass
        raise NasbenchError(f"The early stopping rule {text!r} cannot be read; it should be {GRAMMAR}.")

    def __str__(self) -> str:
        numbers = {"none": "", MAX_SKIPS: f":{self.max_skip_connections}", "eigenvalue": f":{self.window},{self.ratio}"}
        return self.rule + numbers[self.rule]

    @property
    def needs_eigenvalue(self) -> bool:
        """Whether the caller must measure the eigenvalue."""
        return self.rule == "eigenvalue"

    def tell(
        self, networks: SpaceNetworks, architecture: Architecture, eigenvalue: float | None
    ) -> Architecture | None:
        """Evaluate the state after an epoch; return the architecture to stop with, or None to continue."""
        self.architectures.append(architecture)
        if self.rule == MAX_SKIPS and count_skip_connections(networks, architecture) > self.max_skip_connections:
            before = len(self.architectures) - 2
            return self.architectures[max(before, 0)]
        if self.rule == "eigenvalue" and eigenvalue is not None:
            self.eigenvalues.append(eigenvalue)
            if len(self.eigenvalues) >= 2 * self.window:
                now = float(np.mean(self.eigenvalues[-self.window :]))
                then = float(np.mean(self.eigenvalues[-2 * self.window : -self.window]))
                if now > 0 and then / now < self.ratio:
                    return self.architectures[-1 - self.window]
        return None


def count_skip_connections(networks: SpaceNetworks, architecture: Architecture) -> int:
    """Return the largest number of skip connections among the cells of an architecture."""
    choices = np.array(networks.choices(architecture))
    skip = next(i for i, name in enumerate(networks.names) if name in ("skip_connect", "identity"))
    cells = 2 if networks.space == "darts" else 1
    return int((choices.reshape(cells, -1) == skip).sum(axis=1).max())
