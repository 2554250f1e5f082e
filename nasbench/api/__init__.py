"""Public Python interface: functions for scripts and notebooks."""
