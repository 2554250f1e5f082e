"""Live studies cut to seconds."""

from __future__ import annotations

import re

from nasbench.study.toml import load_study


def tiny(**changes: str) -> str:
    """Return the text of live-quick cut to seconds; `changes` replace the first lines `KEY = ...`."""
    text = load_study("live-quick").to_toml()
    lines = {"problems": '["live/digits"]', "runs": "1", "references": '["majority"]', **changes}
    text = text[: text.index("[live.task.cifar10]")]
    for key, value in lines.items():
        text = re.sub(rf"^{key} = (\[[^\]]*\]|.*)$", f"{key} = {value}", text, count=1, flags=re.M)
    text = text.replace('train = "all"', "train = 128").replace('search = "all"', "search = 64")
    text = re.sub(r"^epochs = \d+$", "epochs = 2", text, flags=re.M)
    text = re.sub(r"^channels = \d+$", "channels = 4", text, flags=re.M)
    return re.sub(r"^queries = \d+$", "queries = 3", text, flags=re.M)


def only(text: str, *methods: str) -> str:
    """Keep these methods of a study."""
    place = text.index("[live]")
    head, *tables = text[:place].split("[[methods]]")
    kept = [table for table in tables if any(f'name = "{name}"' in table for name in methods)]
    return "[[methods]]".join([head, *kept]) + text[place:]
