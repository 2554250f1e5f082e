"""`python -m nasbench.live.deployment.peak_memory_probe FILE` prints the peak memory of a process that runs an ONNX
file, without torch.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path


def kilobytes(field: str) -> int:
    """Return a field of this process' status: VmRSS (resident now) or VmHWM (resident at its peak)."""
    found = re.search(rf"^{field}:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="utf-8"), re.MULTILINE)
    assert found is not None
    return int(found[1])


def main(file: str) -> None:
    """Load the file, run one example of zeros on one thread, and print the peak memory growth in bytes."""
    import numpy as np
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    # A memory arena would allocate in advance, in steps unrelated to the network.
    options.enable_cpu_mem_arena = False
    before = kilobytes("VmRSS")
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    given = session.get_inputs()[0]
    shape = [size if isinstance(size, int) else 1 for size in given.shape]
    kind = np.int64 if given.type == "tensor(int64)" else np.float32
    session.run(None, {given.name: np.zeros(shape, kind)})
    print(max(kilobytes("VmHWM") - before, 0) * 1024)


if __name__ == "__main__":
    main(sys.argv[1])
