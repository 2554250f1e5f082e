"""Experiment trackers: TensorBoard, MLflow and Weights & Biases, each offline, one a module; imported when they are asked for."""
