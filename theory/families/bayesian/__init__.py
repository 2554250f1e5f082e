"""Claims about Bayesian optimisation and bandits: information gain, GP-UCB, successive halving, calibration."""

from nasbench.theory.families.bayesian import calibration, gp_ucb, information_gain, successive_halving

CLAIMS = (*information_gain.CLAIMS, *gp_ucb.CLAIMS, *successive_halving.CLAIMS, *calibration.CLAIMS)
