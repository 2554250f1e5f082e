"""Live studies cut to seconds."""

from __future__ import annotations

import re

from nasbench.live.studies.study import load_live_study


def tiny(**changes: str) -> str:
    """Return the text of live-quick cut to seconds; `changes` replace lines `KEY = ...` at the top."""
    text = load_live_study("live-quick").to_toml()
    lines = {"tasks": '["digits"]', "seeds": "[0]", "references": '["majority"]', **changes}
    text = text[: text.index("[task.cifar10]")] + text[text.index("[[optimizers]]") :]
    for key, value in lines.items():
        text = re.sub(rf"^{key} = (\[[^\]]*\]|.*)$", f"{key} = {value}", text, count=1, flags=re.M)
    text = text.replace('train = "all"', "train = 128").replace('search = "all"', "search = 64")
    text = re.sub(r"^epochs = \d+$", "epochs = 2", text, flags=re.M)
    text = re.sub(r"^channels = \d+$", "channels = 4", text, flags=re.M)
    return re.sub(r"^queries = \d+$", "queries = 3", text, flags=re.M)


def only(text: str, *optimizers: str) -> str:
    """Keep these optimizers of a study."""
    head, *tables = text.split("[[optimizers]]")
    kept = [table for table in tables if any(f'name = "{name}"' in table for name in optimizers)]
    return "[[optimizers]]".join([head, *kept])
