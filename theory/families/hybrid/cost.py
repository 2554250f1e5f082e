"""Cost of a query of the hybrid, counted in kernel values and factorisations.

With a listing of N functions and the factor of t observations at hand, one more observation needs its kernel to t + 1
observations and N listed functions. Settings are chosen again whenever observations have grown by a third; that takes
all t^2 distances and whitens the enumeration again, at sizes that grow geometrically, so over T queries at most 16/7
T^2 distances and 4 T N kernel values. In all at most 3 T^2 + 5 T N + n_0^2 values, O(T + N) a query; linear algebra is
O(T^2 + T N) a query. Time and memory against T are in `nasbench.theory.families.complexity`.
"""

from __future__ import annotations

import math
from functools import partial

from nasbench.hybrid.parts import Parts
from nasbench.hybrid.surrogate import FIRST_FIT, REFIT_GROWTH
from nasbench.search.operation_counter import counting
from nasbench.theory.machinery.claim import Assumption, Claim, Context, Mutant, Verdict, all_at_most
from nasbench.theory.machinery.instrumentation import OperationTally
from nasbench.theory.machinery.testbed import iterate, make_hybrid, make_space, random_landscape

QUERIES, INITIAL = 72, 4


def _kernel_values(context: Context, growth: float = REFIT_GROWTH) -> Verdict:
    space = make_space(4, 4)
    enumerated, tally = space.size, OperationTally()
    with counting(tally):
        optimizer = make_hybrid(
            context.rng("hybrid.cost"),
            space,
            parts=Parts(refit_growth=growth),
            use_gradient=False,
            use_evolution=False,
            n_initial_samples=INITIAL,
        )
        for _ in iterate(optimizer, random_landscape(4, space), QUERIES):
            pass
    values = tally.operations["kernel"] + tally.operations.get("distances", 0.0)
    bound = 3 * QUERIES**2 + 5 * QUERIES * enumerated + INITIAL**2
    fits = tally.calls["fit"]
    most_fits = 1 + math.ceil(math.log(QUERIES / FIRST_FIT) / math.log(4 / 3))
    note = f"kernel values over {QUERIES} queries, {enumerated} enumerated; {fits} fits of at most {most_fits}"
    return all_at_most([values, fits], [bound, most_fits], n=QUERIES, note=note)


CLAIMS = (
    Claim(
        "hybrid.cost-per-query",
        r"\text{kernel values over } T \text{ queries} \le 3 T^2 + 5 T N + n_0^2, \ \text{fits} \le 1 + \lceil \log_{4/3}(T/8) \rceil",
        (Assumption("the space is listed; one expensive objective"),),
        "derived here: geometric series with ratio 4/3; Osborne 2010 for the update of the factor",
        _kernel_values,
        Mutant("settings chosen again at every query", partial(_kernel_values, growth=1.0)),
    ),
)
"""Counted cost of a query."""
