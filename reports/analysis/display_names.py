"""Names of optimizers and data sets as readers see them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from nasbench.errors import NasbenchError, unknown_name

OPTIMIZERS = {
    "asha": "ASHA",
    "asng": "ASNG",
    "bananas": "BANANAS",
    "bananas_naszilla": "BANANAS (naszilla)",
    "bohb": "BOHB",
    "darts": "DARTS",
    "darts_replay": "DARTS (replayed)",
    "dehb": "DEHB",
    "gaea": "GAEA",
    "gdas": "GDAS",
    "gp_bo": "GP-BO",
    "hybrid": "Hybrid",
    "hybrid_supernet": "Hybrid on a supernet",
    "hyperband": "Hyperband",
    "local_search": "Local search",
    "motpe": "MOTPE",
    "nas_bowl": "NAS-BOWL",
    "npenas": "NPENAS",
    "nsga2": "NSGA-II",
    "nsga3": "NSGA-III",
    "one_plus_one_ea": "(1+1)-EA",
    "optuna_gp": "Optuna GP",
    "parego": "ParEGO",
    "pasha": "PASHA",
    "drnas": "DrNAS",
    "pc_darts": "PC-DARTS",
    "prescreened_nsga2": "Pre-screened NSGA-II",
    "progressive": "Progressive search",
    "qnehvi": "qNEHVI",
    "quantum_inspired": "Quantum-inspired EA",
    "random_search": "Random search",
    "regularized_evolution": "Regularized evolution",
    "reinforce": "REINFORCE",
    "rsps": "RSPS",
    "simulated_annealing": "Simulated annealing",
    "smac": "SMAC",
    "sms_emoa": "SMS-EMOA",
    "successive_halving": "Successive halving",
    "tpe": "TPE",
    "weaknas": "WeakNAS",
}

DATA_SETS = {
    "accel-nasbench": "Accel-NASBench",
    "arxiv": "ogbn-arxiv",
    "autoencoder": "Autoencoding",
    "cifar10": "CIFAR-10",
    "cifar100": "CIFAR-100",
    "citeseer": "CiteSeer",
    "class_object": "Object classification",
    "class_scene": "Scene classification",
    "computers": "Amazon Computers",
    "cora": "Cora",
    "cs": "Coauthor CS",
    "darcy": "Darcy flow",
    "hw-gpt-bench": "HW-GPT-Bench",
    "imagenet": "ImageNet",
    "imagenet16-120": "ImageNet16-120",
    "jigsaw": "Jigsaw",
    "mnist-1d": "MNIST-1D",
    "mnist-1d-reference": "MNIST-1D reference",
    "nas-bench-101-sample": "NAS-Bench-101 sample",
    "nas-bench-201": "NAS-Bench-201",
    "nas-bench-360": "NAS-Bench-360",
    "nas-bench-graph": "NAS-Bench-Graph",
    "nas-bench-graph-proteins": "NAS-Bench-Graph",
    "nats-bench-size-reference": "NATS-Bench size space",
    "ninapro": "NinaPro",
    "normal": "Surface normals",
    "photo": "Amazon Photo",
    "physics": "Coauthor Physics",
    "proteins": "ogbn-proteins",
    "pubmed": "PubMed",
    "room_layout": "Room layout",
    "segmentsemantic": "Semantic segmentation",
    "transnas-bench-101-micro": "TransNAS-Bench-101 micro",
}
"""Of tables and of their data sets."""


NOUNS = tuple(
    name for name in OPTIMIZERS.values() if re.match("[A-Z][a-z]", name) and name not in ("Hyperband", "Optuna GP")
)
"""Names that are common nouns, with a capital letter in tables and legends alone."""


@dataclass(frozen=True)
class DisplayNames:
    """How reports call optimizers and data sets.

    Attributes:
        chosen: names by label of an optimizer, or by name of a problem; they come before the suite's.
    """

    chosen: Mapping[str, str] = field(default_factory=dict)

    def over(self, others: Mapping[str, str], labels: Iterable[str], problems: Iterable[str]) -> DisplayNames:
        """Return these names, and for what they leave out those of `others` that are of a label, problem or data set here."""
        known = {*labels, *problems, *(problem.partition("/")[2] for problem in problems)}
        return DisplayNames({**{name: text for name, text in others.items() if name in known}, **self.chosen})

    def optimizer(self, label: str) -> str:
        """Return the name of an optimizer: chosen, or of its published name, with what follows that in the label, or the label."""
        if label in self.chosen:
            return self.chosen[label]
        name, space, settings = label.partition(" ")
        known = name in OPTIMIZERS and (not space or settings.startswith("("))
        return OPTIMIZERS[name] + space + settings if known else label

    def problem(self, name: str) -> str:
        """Return the name of a problem, or of a data set where all problems share a table."""
        if name in self.chosen:
            return self.chosen[name]
        if name in DATA_SETS:
            return DATA_SETS[name]
        table, _, data_set = name.partition("/")
        return f"{DATA_SETS[table]}, {DATA_SETS.get(data_set, data_set)}" if table in DATA_SETS and data_set else name

    def problems(self, names: Sequence[str]) -> dict[str, str]:
        """Return the names of all problems of a study: of their data sets alone, where these are known and no two are alike."""
        sets = [DATA_SETS.get(name.partition("/")[2], "") for name in names]
        alone = {name: own for name, own in zip(names, sets, strict=True) if own and sets.count(own) == 1}
        return {
            name: self.chosen.get(name) or self._chosen_set(name) or alone.get(name) or self.problem(name)
            for name in names
        }

    def _chosen_set(self, name: str) -> str:
        return self.chosen.get(name.partition("/")[2], "")

    def in_text(self, text: str) -> str:
        """Return a sentence in which common nouns among the suite's names have a small letter, but at its beginning."""
        text = re.sub(r"^Hybrid\b(?! on)", "The hybrid", text)
        text = re.sub(r"(?<!The )\bHybrid\b(?! on)", "the hybrid", text)
        for name in NOUNS:
            text = re.sub(rf"(?<!\. )(?<!^){re.escape(name)}\b", name[0].lower() + name[1:], text)
        return text

    def check(self, labels: Iterable[str], problems: Iterable[str]) -> None:
        """Raise NasbenchError if a chosen name is of nothing in the study, or if two things would have one name."""
        labels, problems = tuple(labels), tuple(problems)
        known = (*labels, *problems, *(problem.partition("/")[2] for problem in problems))
        for name in self.chosen:
            if name not in known:
                raise unknown_name("optimizer or problem in this study", name, known)
        for own, names in ((labels, [*map(self.optimizer, labels)]), (problems, [*self.problems(problems).values()])):
            twice = next((name for name in names if names.count(name) > 1), None)
            if twice is not None:
                same = [one for one, name in zip(own, names, strict=True) if name == twice]
                raise NasbenchError(
                    f"{' and '.join(same)} would both be called {twice!r}; give each a name of its own."
                )


SUITE_NAMES = DisplayNames()
"""The names of the suite, none chosen by the user."""
