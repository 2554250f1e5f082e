"""From a study's traces to numbers: outcomes, comparisons, times to targets, fronts, predictions of theory."""
