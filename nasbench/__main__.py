"""`python -m nasbench` is the command."""

from nasbench.cli import main

main()
