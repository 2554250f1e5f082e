"""The methods section on live tasks: enough to repeat them."""

from __future__ import annotations

from nasbench.reports.analysis.live_tasks import LiveTasks
from nasbench.reports.analysis.scoring import LIVE_SCORING, exposure

REFERENCES = {
    "majority": "the most frequent class of the training examples",
    "logistic_regression": "multinomial, on standardised pixels or on TF-IDF of words and pairs (scikit-learn), penalty chosen on the search split",
    "training_mean": "the mean of the training targets",
    "persistence": "the last value of the window",
    "seasonal_naive": "the value one season before",
    "arima": "ARIMA of the target (statsmodels), order chosen on the search split, coefficients of the training split",
    "largest": "the architecture with most multiply-accumulates, trained by the same recipe and seeds",
    "random_large": "a random one of the twentieth with most multiply-accumulates, trained by the same recipe and seeds",
    "small_cnn": "three plain stages of convolution, normalisation and ReLU, trained by the same recipe and seeds",
}


def live_methods(live: LiveTasks) -> tuple[str, ...]:
    """Return the paragraphs on live tasks: search, final training, measurements and reference models; none where there are no tasks."""
    if not live.tasks:
        return ()
    study = live.study
    searches = (
        f"Space {study.live.space}; tasks {', '.join(live.tasks)}; seeds {', '.join(map(str, live.seeds))}. Early stopping: "
        f"{study.live.early_stopping}; selection: {study.live.architecture_selection}. Weight-sharing searchers follow the table "
        "[live.supernet] of the study; optimizers "
        "that train each architecture from scratch follow [live.search_recipe] until their [budget] is spent, and repeats of an "
        "architecture cost nothing. The search uses the training and search splits only. "
        + " ".join(exposure([LIVE_SCORING]))
    )
    final = (
        "The architecture found is trained from scratch by [live.recipe] on the training and search splits together and scored once on the test "
        "split; nothing is selected there. Series are split by time, and no target of a later split lies in an earlier one; "
        "medical images keep the official split. Where a recipe declares test-time flipping, the score includes it."
    )
    numbers = (
        "Latency is the median of repeated inferences on the device after a warm-up; parameters are the trainable ones. "
        "Macro F1 is the mean F1 score over classes, reported where the test split's largest class has more than 1.5 times the examples "
        "of its smallest. Intervals are expanded percentile bootstraps over seeds."
    )
    used = dict.fromkeys(name for task in live.tasks for name in live.references(task))
    references = "References: " + "; ".join(f"{name}, {REFERENCES.get(name, name)}" for name in used) + "."
    return (searches, final, numbers, *((references,) if used else ()))
