"""Results in the formats of other tools, one a module, each an entry point of the group `nasbench.exports`."""
