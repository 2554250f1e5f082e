"""Live search: architectures that are trained. The only package of the suite that imports torch.

Rooms, each of which imports only those before it:

- tasks: data sets, their splits and metrics;
- networks: from an architecture to a torch module;
- hardware: devices, parameters, operations, latency;
- training: recipes, the training loop, checkpoints;
- zero_cost: scores of untrained networks;
- supernets: shared weights, one-shot evaluation, hypergradients;
- searchers: weight-sharing search methods;
- deployment: ONNX files, onnxruntime, quantization;
- experiment: one search with its final training and evaluation;
- federated: the same with clients that keep their data;
- evidence: the registered runs on CIFAR-10.
"""

ROOMS = (
    "tasks",
    "networks",
    "hardware",
    "training",
    "zero_cost",
    "supernets",
    "searchers",
    "deployment",
    "experiment",
    "federated",
    "evidence",
)
"""The rooms in the order of their imports, lowest first."""
