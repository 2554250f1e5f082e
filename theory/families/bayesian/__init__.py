"""Claims about Bayesian optimisation and bandits: information gain, GP-UCB, successive halving, calibration."""

from nasbench.theory.families.bayesian import calibration, gp_ucb, information_gain, successive_halving
from nasbench.theory.machinery.claim import concerning

CLAIMS = (
    *information_gain.CLAIMS,
    *gp_ucb.CLAIMS,
    *concerning(("successive_halving",), (), successive_halving.CLAIMS),
    *calibration.CLAIMS,
)
