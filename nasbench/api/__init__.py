"""What `import nasbench` offers beside the classes of the suite: functions for scripts and notebooks."""
