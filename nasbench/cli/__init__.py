"""The `nasbench` command: its parser, what it prints, and how far it has come."""
