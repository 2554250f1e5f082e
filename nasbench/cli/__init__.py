"""The `nasbench` command: parser, output and progress."""
