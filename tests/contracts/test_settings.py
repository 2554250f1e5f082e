"""Every setting of every optimizer and every option of every searcher declares what it may be, and is held to it."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import numpy as np
import pytest

from nasbench.errors import NasbenchError
from nasbench.ranges import Allowed, Anything, OneOf, OrNone, Probability, Range, Text, allowed_by, count
from nasbench.search.optimizer import Lockstep
from nasbench.search.registry import get_optimizer, optimizer_names
from nasbench.search.search_ranges import IntRange, search_ranges
from nasbench.search.settings import allowed_settings
from nasbench.study.tuning import tunable

NONSENSE: tuple[Any, ...] = (math.nan, math.inf, -math.inf, 10**30, -(2**63), 2**63, "x", "", [], {}, [0.5], [math.nan])


def undeclared(allowed: Allowed) -> bool:
    """Whether a range is none, or has no most: what costs memory or time needs one."""
    inner = allowed.other if isinstance(allowed, OrNone) else allowed
    if isinstance(inner, Range):
        return not (math.isfinite(inner.least) and (math.isfinite(inner.below) or inner.endless))
    return isinstance(inner, Anything) or inner == Text()


def check(settings: Mapping[str, Allowed], defaults: Mapping[str, Any]) -> None:
    for setting, allowed in settings.items():
        assert not undeclared(allowed), f"{setting} declares no range"
        assert defaults[setting] in allowed, f"the default of {setting} is not in its range"
        for value in NONSENSE:
            text = isinstance(value, str) and isinstance(allowed, Text)
            endless = isinstance(value, int | float) and value > 0 and math.inf in allowed
            assert value not in allowed or text or endless, f"{setting} may be {value!r}"
        if True in allowed:
            assert not {0, 1, "true", "false"} & {v for v in (0, 1, "true", "false") if v in allowed}


@pytest.mark.parametrize("name", optimizer_names())
def test_every_setting_of_an_optimizer_declares_what_it_may_be(name: str) -> None:
    optimizer = get_optimizer(name)
    check(optimizer.allowed, optimizer.settings)


@pytest.mark.parametrize("name", optimizer_names())
def test_what_may_be_tuned_is_what_may_be_set(name: str) -> None:
    optimizer = get_optimizer(name)
    if search_ranges(optimizer.algorithm):
        assert set(tunable(optimizer)) <= set(optimizer.allowed)


def test_every_option_of_a_searcher_declares_what_it_may_be() -> None:
    pytest.importorskip("torch")
    from nasbench.live.searchers.catalogue import PARTIAL, allowed_options, get_searcher, searcher_names

    for name in searcher_names():
        kind = get_searcher(name)[0].func  # type: ignore[attr-defined]
        parameters = [inspect.signature(base.__init__).parameters for base in reversed(kind.__mro__)]
        defaults = {p.name: p.default for each in parameters for p in each.values()}
        options = {option: allowed for option, allowed in allowed_options(kind).items() if option != PARTIAL}
        check(options, defaults)


class Mine:
    """A plug-in whose settings have types only, and one not even that."""

    def __init__(
        self,
        problem: object,
        streams: object,
        *,
        many: Annotated[int, count(9), IntRange(1, 20)] = 3,
        share: Probability | None = None,
        kind: Literal["a", "b"] = "a",
        whole: int = 3,
        some: float = 0.5,
        on: bool = False,
        word: str = "",
        bare: Any = 2.5,
    ) -> None:
        self.settings = (many, share, kind, whole, some, on, word, bare)


@pytest.mark.parametrize(
    ("setting", "good", "bad"),
    [
        ("many", (1, 9, np.int64(4)), (0, 10, 2**31, 1.0, True, "3", None, math.nan)),
        ("share", (None, 0, 1, 0.5, np.float64(0.2)), (-0.1, 1.1, math.nan, True, "0.5")),
        ("kind", ("a", "b"), ("c", "", None, 1, ["a"])),
        ("whole", (-4, 10**30), (1.5, True, math.inf, "1")),
        ("some", (-1e308, 2), (math.nan, math.inf, -math.inf, False, "1", [0.5])),
        ("on", (True, False), ("false", "true", 0, 1, 0.0, None, [])),
        ("word", ("", "²"), (1, None, ["a"])),
        ("bare", (1, 2.5), ("x", True, math.nan)),
    ],
)
def test_types_of_a_plug_in_are_kept_without_any_range(setting: str, good: tuple, bad: tuple) -> None:
    optimizer = Lockstep(Mine)
    for value in good:
        optimizer.check_settings({setting: value})
    for value in bad:
        with pytest.raises(NasbenchError, match=f"^The setting {setting} of Mine is .*; it should be .*") as caught:
            optimizer.check_settings({setting: value})
        assert "\n" not in str(caught.value)


def test_a_range_to_tune_outside_the_range_of_the_setting_is_refused() -> None:
    with pytest.raises(
        NasbenchError, match=r"many as IntRange\(low=1, high=20, log=False\) and has it as .*at most 9; make them agree"
    ):
        tunable(Lockstep(Mine))


def test_options_of_base_classes_are_found_where_they_are_handed_on() -> None:
    class Base:
        def __init__(self, *, rate: Probability = 0.1) -> None: ...

    class Handing(Base):
        def __init__(self, *, more: int = 1, **options: Any) -> None: ...

    class Closed(Base):
        def __init__(self, *, more: int = 1) -> None: ...

    assert set(allowed_settings(Handing)) == {"more", "rate"}
    assert set(allowed_settings(Closed)) == {"more"}


def test_annotations_that_mean_nothing_here_allow_anything() -> None:
    assert allowed_by(dict[str, int], {}) == Anything() and allowed_by(int | str, 1) == Anything()
    assert allowed_by(None, True) == OneOf((True, False))
