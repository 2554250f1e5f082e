"""What became of an input: refused with one sentence, harmless, a traceback, or no end within its time."""

from __future__ import annotations

import contextlib
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from types import FrameType

from nasbench.errors import NasbenchError


class TooLongError(BaseException):
    """The time is over; no handler of the program takes it for an error of its own."""


@contextlib.contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raise `TooLongError` in what takes longer."""

    def over(number: int, frame: FrameType | None) -> None:
        raise TooLongError

    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def outcome(what: object, check: Callable[[], Callable[[], object]], seconds: float) -> str:
    """Check an input and then use it: one of `tests.fuzz.OUTCOMES`.

    Args:
        what: names the input where something is wrong with its outcome.
        check: refuses the input, or returns what uses it; a refusal that comes with the use comes too late, and is a fault.
        seconds: for both together.
    """
    try:
        with limited(seconds):
            try:
                use = check()
            except NasbenchError as refusal:
                if "\n" in str(refusal):
                    raise AssertionError("a refusal of several lines") from refusal
                return "refused"
            use()
    except TooLongError:
        print(f"hangs: {what}", file=sys.stderr)
        return "hangs"
    except BaseException:
        print(f"traceback: {what}\n{traceback.format_exc(limit=-4)}", file=sys.stderr)
        return "tracebacks"
    return "harmless"
