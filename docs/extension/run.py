"""The directive `run`: a page shows a command or a program, runs it while the site is built, and shows what it prints.

    ```{run} bash
    nasbench list presets
    ```

The argument is `bash`, `python` or the name of a file, which is written and not run. All blocks of a page share a folder, empty at first, and all its
Python blocks share an interpreter. As in a notebook the value of a last expression is shown, and a figure as an image. Options: `status`, the exit
status of a command if it is not 0; `lines`, how many lines of the output are shown; `hidden`, which shows the output alone. The directive `example`
runs a program of `examples/` instead, and shows the figures that it saves beside it.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective

ROOT = Path(__file__).parents[2]
LEXERS = {".py": "python", ".toml": "toml", ".md": "md"}
PROGRESS = re.compile(r"^nasbench: .* gone, about .* left\n", re.MULTILINE)
"""Lines that a slow machine prints now and then."""
INTERPRETER = Path(__file__).with_name("interpreter.py")
_pages: dict[str, Page] = {}


class Page:
    """The folder, environment and interpreter of a page."""

    def __init__(self, name: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix=f"{name.replace('/', '-')}-"))
        self.work = self.folder / "work"
        self.work.mkdir()
        command = self.folder / "bin" / "nasbench"
        command.parent.mkdir()
        command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m nasbench "$@"\n')
        command.chmod(0o755)
        paths = [str(command.parent), str(Path(sys.executable).parent), os.environ.get("PATH", "")]
        self.environment = {
            **os.environ,
            "PATH": os.pathsep.join(paths),
            "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]),
            "COLUMNS": "108",
            "NO_COLOR": "1",
            "TERM": "dumb",
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
            "MPLBACKEND": "agg",
        }
        self.interpreter: subprocess.Popen[str] | None = None

    def bash(self, code: str, status: int) -> str:
        """Return what a command prints; raises RuntimeError at another exit status."""
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", code], cwd=self.work, env=self.environment, encoding="utf-8",
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
        if done.returncode != status:
            raise RuntimeError(f"exit status {done.returncode} instead of {status}:\n{done.stdout}")
        return PROGRESS.sub("", done.stdout)

    def python(self, code: str, image: Path) -> tuple[str, bool]:
        """Return what a program prints, and whether it has drawn a figure; raises RuntimeError if it raises."""
        if self.interpreter is None:
            self.interpreter = subprocess.Popen(
                [sys.executable, str(INTERPRETER)], cwd=self.work, env=self.environment, encoding="utf-8",
                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            )  # fmt: skip
        assert self.interpreter.stdin is not None and self.interpreter.stdout is not None
        self.interpreter.stdin.write(json.dumps({"code": code, "image": str(image)}) + "\n")
        self.interpreter.stdin.flush()
        answer = json.loads(self.interpreter.stdout.readline() or '{"error": "the interpreter has ended"}')
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["printed"], answer["drawn"]

    def close(self) -> None:
        """End the interpreter and remove the folder."""
        if self.interpreter is not None:
            self.interpreter.communicate("")
        shutil.rmtree(self.folder, ignore_errors=True)


def close_interpreters(*_: Any) -> None:
    """Close the page that was read."""
    for name in list(_pages):
        _pages.pop(name).close()


class Run(SphinxDirective):
    """The directive."""

    has_content = True
    required_arguments = 1
    option_spec: ClassVar[Any] = {"status": int, "lines": int, "hidden": directives.flag}

    def run(self) -> list[nodes.Node]:
        """Run the block; an error of it is an error of the build."""
        kind, code = self.arguments[0], "\n".join(self.content)
        page = (
            _pages[self.env.docname]
            if self.env.docname in _pages
            else _pages.setdefault(self.env.docname, Page(self.env.docname))
        )
        if kind not in ("bash", "python"):
            (page.work / kind).write_text(code + "\n", encoding="utf-8")
            return [self._literal(code, LEXERS.get(Path(kind).suffix, "text"), kind)]
        images, name = self._place_of_an_image()
        shown = [] if "hidden" in self.options else [self._literal(code, "shell" if kind == "bash" else "python")]
        try:
            printed, drawn = (
                (page.bash(code, self.options.get("status", 0)), False)
                if kind == "bash"
                else page.python(code, images / name)
            )
        except RuntimeError as failed:
            raise self.error(f"{kind} block of {self.env.docname} failed: {failed}") from None
        return [*shown, *self._output(printed), *([self._image(name)] if drawn else [])]

    def _place_of_an_image(self) -> tuple[Path, str]:
        """Return the folder of images, and a name in it."""
        images = Path(self.env.app.outdir) / "_runs"
        images.mkdir(parents=True, exist_ok=True)
        return images, f"{self.env.docname.replace('/', '-')}-{self.env.new_serialno('run')}.png"

    def _literal(self, code: str, language: str, caption: str = "") -> nodes.Node:
        block = nodes.literal_block(code, code, language=language)
        if not caption:
            return block
        return nodes.container(
            "",
            nodes.caption(caption, "", nodes.literal(caption, caption)),
            block,
            literal_block=True,
            classes=["literal-block-wrapper"],
        )

    def _output(self, printed: str) -> list[nodes.Node]:
        lines = printed.rstrip().splitlines()
        if not lines:
            return []
        shown = self.options.get("lines", len(lines))
        text = "\n".join([*lines[:shown], *(["..."] if shown < len(lines) else [])])
        return [nodes.literal_block(text, text, language="text", classes=["output"])]

    def _image(self, name: str) -> nodes.Node:
        up = "../" * self.env.docname.count("/")
        return nodes.raw(
            "", f'<img class="run" src="{up}_runs/{name}" alt="figure drawn by the program above">', format="html"
        )


class Example(Run):
    """A program of `examples/`: its text, and beside it the figures that it saves and what it prints."""

    has_content = False
    option_spec: ClassVar[Any] = {"lines": int}

    def run(self) -> list[nodes.Node]:
        """Run the program; an error of it is an error of the build."""
        path = ROOT / "examples" / f"{self.arguments[0]}.py"
        self.env.note_dependency(str(path))
        page = Page(path.stem)
        try:
            printed = page.bash(f"python {shlex.quote(str(path))}", 0)
            shown: list[nodes.Node] = []
            for figure in sorted(page.work.glob("*.png")):
                images, name = self._place_of_an_image()
                shutil.copy(figure, images / name)
                shown.append(self._image(name))
        except RuntimeError as failed:
            raise self.error(f"{path.name} failed: {failed}") from None
        finally:
            page.close()
        code = self._literal(path.read_text(encoding="utf-8").rstrip(), "python", path.name)
        return [nodes.container("", code, nodes.container("", *shown, *self._output(printed)), classes=["example"])]
