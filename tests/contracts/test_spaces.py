"""Every space of the catalogue keeps the contract of spaces."""

from __future__ import annotations

import pytest

from nasbench.spaces.catalogue import get_space, space_names
from nasbench.spaces.space import Space
from nasbench.testing import SpaceContract


@pytest.mark.parametrize("name", space_names())
class TestSpaces(SpaceContract):
    @pytest.fixture
    def space(self, name: str) -> Space:
        return get_space(name)
