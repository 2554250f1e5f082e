"""The NAS best practice checklist, answered from the study itself.

Source: Lindauer and Hutter 2020, "Best Practices for Scientific Research on Neural Architecture Search", JMLR 21(243); items in
their words, shortened. What the study lacks is "missing"; what its data cannot show is "not recorded", and never assumed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nasbench.reports.analysis.results import Results
from nasbench.reports.analysis.scoring import Scoring
from nasbench.reports.page.checklist_answers import (
    Answer,
    Status,
    answer_benchmark,
    answer_live,
    answer_recorded,
    answer_study,
)

QUESTIONS = (
    ("Releasing code", "Code for the training pipeline used to evaluate the final architectures?", "pipeline"),
    ("Releasing code", "Code for the search space?", "space"),
    ("Releasing code", "Hyperparameters used for the final evaluation pipeline, as well as random seeds?", "final"),
    ("Releasing code", "Code for your NAS method?", "code"),
    ("Releasing code", "Hyperparameters for your NAS method, as well as random seeds?", "method"),
    ("Comparing methods", "Exactly the same NAS benchmark for all methods, with the same data set, split, search space and training code?", "same"),
    ("Comparing methods", "Confounding factors controlled (hardware, library versions, run time of the methods)?", "confounders"),
    ("Comparing methods", "Ablation studies?", "ablation"),
    ("Comparing methods", "The same evaluation protocol for all methods?", "protocol"),
    ("Comparing methods", "Performance compared over time?", "anytime"),
    ("Comparing methods", "Compared to random search?", "random"),
    ("Comparing methods", "Multiple runs, with their seeds reported?", "runs"),
    ("Comparing methods", "Tabular or surrogate benchmarks for in-depth evaluation?", "tabular"),
    ("Reporting details", "How hyperparameters were tuned, and what time and resources that took?", "tuning"),
    ("Reporting details", "Time for the entire end-to-end method, not only the search?", "time"),
    ("Reporting details", "All details of the experimental setup?", "setup"),
)  # fmt: skip
"""Part of the checklist, question, and key of its answer."""


@dataclass(frozen=True)
class Item:
    """One question of the checklist.

    Attributes:
        part: part of the checklist.
        question: what is asked.
        status: whether the study answers it.
        answer: the evidence, or what is missing or not recorded.
    """

    part: str
    question: str
    status: Status
    answer: str


ORDER: tuple[Status, ...] = ("met", "partly", "not recorded", "missing")
"""From best to worst: an item has the worst status of its answers."""


def checklist(results: Results, scorings: Sequence[Scoring]) -> tuple[Item, ...]:
    """Return every item with its answer; `scorings` say how each benchmark is scored.

    A question whose answer differs between benchmarks and live tasks is answered for each kind that the study has.
    """
    if results.recorded:
        kinds = [answer_recorded(results, results.recorded)]
    else:
        kinds = [answer_benchmark(results, scorings)] if results.benchmarks else []
        kinds += [answer_live(results)] if results.live.tasks or not results.benchmarks else []
        kinds = [answer_study(results) | answers for answers in kinds]
    # Of a study of both kinds the benchmarks are the tabular ones.
    asked = [
        (part, question, [answers[key] for answers in (kinds[:1] if key == "tabular" else kinds)])
        for part, question, key in QUESTIONS
    ]
    return tuple(Item(part, question, *_joined(answers)) for part, question, answers in asked)


def _joined(answers: Sequence[Answer]) -> Answer:
    status = max((status for status, _ in answers), key=ORDER.index)
    return status, "; ".join(dict.fromkeys(text for _, text in answers))
