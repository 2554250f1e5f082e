"""Statistics on arrays: scores `(runs, tasks)`, censored times, fronts `(points, objectives)`; smaller is better.

A quantity that the data do not determine comes back as `result.Undefined` with its reason, never as NaN or a warning.
"""
