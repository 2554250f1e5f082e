"""Child of the directive `run`: reads programs as lines of JSON, runs them in one namespace, and answers with what they print."""

from __future__ import annotations

import ast
import contextlib
import io
import json
import sys
import traceback
from pathlib import Path
from typing import Any


def shown(value: Any, image: str) -> tuple[str, bool]:
    """Return the text of a last expression, and whether it was a figure, which is saved."""
    if value is None:
        return "", False
    if hasattr(value, "savefig"):
        value.savefig(image, dpi=110, bbox_inches="tight")
        return "", True
    if hasattr(value, "to_string"):
        return str(value.to_string(max_rows=12)), False
    return repr(value), False


def evaluate(code: str, namespace: dict[str, Any], image: str) -> tuple[str, bool]:
    """Run a program; return the text of its last expression, and whether that was a figure."""
    tree = ast.parse(code)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "<page>", "exec"), namespace)
    if last is None:
        return "", False
    assert isinstance(last, ast.Expr)
    return shown(eval(compile(ast.Expression(last.value), "<page>", "eval"), namespace), image)


def main() -> None:
    """Answer each line of standard input."""
    answers, namespace = sys.stdout, {"__name__": "page"}
    sys.path.insert(0, str(Path.cwd()))
    for line in sys.stdin:
        asked, printed = json.loads(line), io.StringIO()
        try:
            with contextlib.redirect_stdout(printed):
                text, drawn = evaluate(asked["code"], namespace, asked["image"])
            answer: dict[str, Any] = {"printed": printed.getvalue() + text, "drawn": drawn}
        except BaseException:  # whatever a program raises is an error of its page
            answer = {"error": traceback.format_exc()}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
