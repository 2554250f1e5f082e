"""The `nasbench` command.

Sub-commands come from the entry-point group `nasbench.commands`: a function with typer annotations, or a `typer.Typer`
for a group, to which `nasbench.commands.GROUP` adds further commands. Any package can add one. Command modules import heavy
dependencies only when a command runs, so that `--help` is quick.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence
from errno import ENOSPC
from importlib.metadata import EntryPoint
from io import TextIOWrapper
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from nasbench.cli.parameters import complete, mistyped
from nasbench.errors import NasbenchError, unknown_name
from nasbench.extras import missing_extra
from nasbench.plugins import points, usable, use
from nasbench.renamed import RenamedWarning, with_new_words

GROUP = "nasbench.commands"
WRONG_USE = 2
INTERRUPTED = 130
BROKEN_PIPE = 141


class _Commands(TyperGroup):
    """A group whose commands are loaded from entry points on demand."""

    def list_commands(self, ctx: Any) -> list[str]:
        return sorted(command.name for command in usable(_points().values(), self._loaded))

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        points = _points()
        if cmd_name not in points:
            raise unknown_name("command", cmd_name, points)
        return self._loaded(points[cmd_name])

    def _loaded(self, point: EntryPoint) -> Any:
        """Return a command, which is built once: help asks for each of them twice."""
        if point.name not in self.commands:
            self.commands[point.name] = _load(point)
        return self.commands[point.name]


def _points() -> dict[str, EntryPoint]:
    return points(GROUP)


def _load(point: EntryPoint) -> Any:
    return use(point, "command", lambda loaded: _command(point.name, loaded))


def _command(name: str, loaded: Any) -> Any:
    if isinstance(loaded, typer.Typer):
        command = get_command(loaded)
    else:
        single = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        single.command(name)(loaded)
        command = get_command(single)
    command.name = name
    complete(command)
    if isinstance(command, TyperGroup):
        for added in usable(points(f"{GROUP}.{name}").values(), _load):
            command.add_command(added)
    return command


app = typer.Typer(
    cls=_Commands,
    name="nasbench",
    help="Reproduce, compare and verify neural architecture search.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
    json: Annotated[bool, typer.Option("--json", help="With --version: print one JSON object.")] = False,
) -> None:
    """Reproduce, compare and verify neural architecture search."""
    from nasbench.cli.console import print_json, version_of_suite

    if version:
        print_json("version") if json else print(f"nasbench {version_of_suite()}")
        raise typer.Exit()
    if json or context.invoked_subcommand is None:
        raise NasbenchError("--json belongs after a command, or goes with --version; see --help.")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 success, 1 a test or hypothesis was rejected, 2 wrong use or bad input.

    Characters that the output cannot encode are escaped. If the reader of the output closes it (as `head` does), the
    command ends silently.
    """
    if sys.stdout is None:
        sys.exit(_complain("Standard output is closed; give the command a terminal, a file or a pipe to write to."))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    warnings.showwarning = _show_warning
    try:
        code = status(sys.argv[1:] if arguments is None else arguments)
    except BrokenPipeError:
        _discard_output()
        code = BROKEN_PIPE
    sys.exit(code)


_shown_by_python = warnings.showwarning


def _show_warning(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
    """Print a warning about a renamed option as one sentence, any other as Python does."""
    if issubclass(category, RenamedWarning):
        print(f"nasbench: {message}", file=sys.stderr)
    else:
        _shown_by_python(message, category, *where, **more)


def _discard_output() -> None:
    """Discard pending output, so that the interpreter's final flush does not fail as well."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def status(arguments: Sequence[str]) -> int:
    """Run the command line; return the exit status."""
    try:
        arguments = with_new_words(arguments)
        result = get_command(app).main(list(arguments), prog_name="nasbench", standalone_mode=False)
        if result == INTERRUPTED:  # how the command-line library reports an interrupt
            return _interrupted(arguments)
        if sys.stdout is not None:
            sys.stdout.flush()  # while an error can still be reported
    except NasbenchError as fault:
        return _complain(str(fault))
    except BrokenPipeError:
        raise
    except OSError as fault:
        if fault.filename is None and fault.errno != ENOSPC:
            raise  # no file that the user could have named: an error of the program
        return _complain(
            f"{fault.filename or 'A file'} cannot be read or written ({fault.strerror}); "
            "name another or make it so, and run again."
        )
    except MemoryError:
        return _complain("The memory of this machine does not suffice for that; ask for less, or give it more.")
    except ModuleNotFoundError as fault:
        if (extra := missing_extra(fault)) is None:
            raise
        return _complain(str(extra))
    except (KeyboardInterrupt, typer.Abort) as fault:
        if isinstance(fault.__cause__, EOFError):
            raise fault.__cause__ from None  # which the command-line library reports as an interrupt, whatever its origin
        return _interrupted(arguments)
    except Exception as fault:
        # Usage errors of the command-line library, whichever copy of it typer brings.
        message = getattr(fault, "format_message", None)
        if message is None:
            raise
        text = mistyped(fault, arguments) or message()
        return _complain(text.rstrip(".") + "; see --help.") if text else 0
    return result if isinstance(result, int) else 0


def _interrupted(arguments: Sequence[str]) -> int:
    """Report what an interrupt leaves behind, and return its exit status."""
    begun = " ".join(arguments)
    trains = begun.startswith(("search ", "train ", "federated search "))
    resumes = begun.startswith("run ") or (trains and "--out" in begun)
    kept = "finished work is kept, and the same command resumes" if resumes else "no file is left half written"
    print(f"nasbench: interrupted; {kept}.", file=sys.stderr)
    return INTERRUPTED


def _complain(sentence: str) -> int:
    """Print an error on one line, whatever characters the names in it have, and return the exit status of wrong use."""
    line = "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in sentence)
    print(f"nasbench: {line}", file=sys.stderr)
    return WRONG_USE


if __name__ == "__main__":
    main()
