"""Trained networks on small devices: the ONNX file, onnxruntime on one thread, int8."""
