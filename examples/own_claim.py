"""A statement as a claim: a check, and a deliberately wrong variant that the check must reject."""

import nasbench
from nasbench.theory.machinery.claim import at_most
from nasbench.theory.machinery.registry import verify


def largest_is_no_less_than_the_mean(context, shift=0.0):
    """Return the verdict on the mean and the largest of a hundred uniform numbers."""
    drawn = context.rng("largest").random(100)
    return at_most(float(drawn.mean()) + shift, float(drawn.max()), n=100)


claim = nasbench.register_claim(
    nasbench.Claim(
        name="mine.largest",
        statement=r"\bar{x} \le \max_i x_i",
        assumptions=(),
        source="by definition",
        check=largest_is_no_less_than_the_mean,
        mutant=nasbench.Mutant(
            "a mean that is 1 too large", lambda context: largest_is_no_less_than_the_mean(context, shift=1.0)
        ),
    )
)
for checked in verify([claim]):
    print(checked.verdict)
