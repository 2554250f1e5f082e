"""Fixtures of the live tests: one thread, and a skip where torch is not installed."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="live search needs torch: pip install 'nas-verify[live]'")
torch.set_num_threads(1)
