"""Logs of other libraries, read as tables of runs; one format a module, each an entry point of the group `nasbench.converters`."""
