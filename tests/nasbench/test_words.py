"""The field's words, everywhere: those of the first edition lie in nasbench/renamed.py, and nowhere else."""

from __future__ import annotations

import ast
import io
import re
import subprocess
import tokenize
import warnings
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from nasbench import renamed
from nasbench.cli.main import app
from nasbench.search.registry import get_optimizer, optimizer_names
from nasbench.study.toml import load_study, preset_names

ROOT = Path(__file__).parents[2]
FREE = ("nasbench/renamed.py", "CHANGELOG.md", "tests/nasbench/test_renamed.py", "tests/nasbench/test_words.py")
"""Files that name old words in order to explain or to test what became of them."""

OLD_NAMES = """
SearchHandle Setting Memory Seen Belief believed believed_listed Listing listing_of ListedFeatures Support
steepness undominated_boxes optimistic_improvement to_values keep_floor COOLED STEADY SEVERAL CHANCE TRIES CLIMBERS
Halving Blueprint Mixture Shape Say Watch do_nothing to_stderr Size UnfinishedError of_training of_supernet
ask_alone Trouble Instruction Reply fault_of absorb Spoken SPEAKERS EVERYONE Speaker SHOWN rugged Rescanning Hoarding
Forgetful HostileSupport spiteful_curves Play Fault verifiable Arrival Standing Imported Written
nonisomorphic_queries own_seconds good_share theta_floor
"""
"""Names of classes, functions, parameters and constants that have another name now."""

PHRASES: Mapping[str, str] = {
    r"told apart": "distinguished; of statistics: the difference is (not) significant",
    r"by heart": "overfitting",
    r"speaks? of": "concerns, applies to",
    r"objects to": "rejects, validates",
    r"planted": "of a mutant: deliberately wrong",
    r"of today": "current",
    r"so many": "number of",
    r"for itself|for themselves": "independently, local-only",
    r"gets? through": "process",
    r"somebody|anybody": "anyone, a user, another process",
    r"in its place": "instead",
    r"held against": "compared with, checked against",
}
"""Private language, and what a methods section would say."""

EXCEPTIONS: Mapping[str, frozenset[str]] = {}
"""Words that a file still has; the list may only shrink."""


@cache
def tracked() -> Mapping[str, str]:
    """Return the text of every tracked Python, Markdown and TOML file by its path; files reached through links count once."""
    listed = subprocess.run(
        ["git", "ls-files", "*.py", "*.md", "*.toml"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split()
    if not listed:
        pytest.skip("this is no git checkout")
    paths = [path for path in listed if (ROOT / path).is_file() and path not in FREE]
    return {path: (ROOT / path).read_text(encoding="utf-8") for path in paths}


def identifiers(text: str) -> Iterator[str]:
    """Return the names that Python code defines or uses."""
    for node in ast.walk(ast.parse(text)):
        for field in ("name", "id", "attr", "arg", "asname"):
            if isinstance(name := getattr(node, field, None), str):
                yield name


def prose(path: str, text: str) -> str:
    """Return what a file says to people: strings and comments of Python, all of Markdown and TOML."""
    if not path.endswith(".py"):
        return text
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return "\n".join(t.string for t in tokens if t.type in (tokenize.STRING, tokenize.COMMENT, FSTRING))


FSTRING = getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)


def unexpected(found: Mapping[str, set[str]]) -> Mapping[str, object]:
    """Return words that a file should not have, and exceptions that are no longer needed."""
    new = {path: words - EXCEPTIONS.get(path, frozenset()) for path, words in found.items()}
    return {path: sorted(words) for path, words in new.items() if words}


def test_code_has_no_old_name() -> None:
    found = {
        path: set(OLD_NAMES.split()).intersection(identifiers(text))
        for path, text in tracked().items()
        if path.endswith(".py") and not path.startswith("tests/")
    }
    assert {path: names for path, names in found.items() if names} == {}


def test_prose_has_no_private_phrase() -> None:
    pattern = {phrase: re.compile(rf"\b(?:{phrase})\b") for phrase in PHRASES}
    found = {
        path: {phrase for phrase, regex in pattern.items() if regex.search(words)}
        for path, text in tracked().items()
        for words in [" ".join(prose(path, text).split())]
    }
    assert unexpected(found) == {}
    needless = {path: words - found.get(path, set()) for path, words in EXCEPTIONS.items()}
    assert not any(needless.values()), f"take these exceptions off the list: {needless}"


def commands() -> Mapping[str, set[str]]:
    """Return the options of every command and of its sub-commands, by the first word."""
    from typer.main import get_command

    def options(command: Any) -> set[str]:
        own = {option for parameter in command.params for option in parameter.opts}
        return own.union(*(options(sub) for sub in getattr(command, "commands", {}).values()))

    group: Any = get_command(app)
    return {name: options(group.get_command(None, name)) for name in group.list_commands(None)}


def test_no_command_has_an_old_option() -> None:
    for command, options in commands().items():
        assert not options & set(renamed.OPTIONS.get(command, {})), command


def test_no_old_option_is_written() -> None:
    """An option that no command has any more is written nowhere; one that some command has, not after another."""
    old = {option for options in renamed.OPTIONS.values() for option in options}
    gone = old - set().union(*commands().values())
    pattern = re.compile(rf"(?<![\w-])(?:{'|'.join(sorted(gone))})(?![\w-])")
    assert {path: hits for path, text in tracked().items() if (hits := pattern.findall(text))} == {}


def test_documented_commands_have_no_old_word() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        lines = [
            line.split()
            for path, text in tracked().items()
            if path.endswith((".md", ".toml"))
            for line in re.findall(r"nasbench ([a-z][^`\n|]*)", text)
        ]
        for words in lines:
            renamed.with_new_words(words)
    assert len(lines) > 20


@pytest.mark.parametrize("name", sorted(set(renamed.SETTINGS) & set(optimizer_names())))
def test_methods_have_no_old_setting(name: str) -> None:
    assert not set(get_optimizer(name).settings) & set(renamed.SETTINGS[name])


@pytest.mark.parametrize("name", preset_names())
def test_presets_have_no_old_key(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_study(name)


ONE_MEANING = {"plan": {"str"}, "setting": {"str"}, "copy": {"int"}, "cells": {"int", "int | None", "Cells"}}
"""Parameters whose names once meant several things, and the one type that each has: the name of an evidence plan, the name of a
hyperparameter, the number of a perturbed copy, the number of cells per stage."""


def functions() -> Iterator[tuple[str, ast.FunctionDef]]:
    """Yield every function of the library with the path of its file."""
    for path, text in tracked().items():
        if path.endswith(".py") and not path.startswith(("tests/", "reports/papers/")):
            yield from ((path, node) for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef))


def test_a_parameter_means_one_thing() -> None:
    wrong = []
    for path, node in functions():
        for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs):
            kind = (
                re.sub(r"^Annotated\[(.*?), .*$", r"\1", ast.unparse(argument.annotation))
                if argument.annotation
                else ""
            )
            if argument.arg in ONE_MEANING and kind not in ONE_MEANING[argument.arg]:
                wrong.append(f"{path}: {node.name}({argument.arg}: {kind})")
    assert wrong == []


OPENERS = "The A An What Whether How Which Who Why When Where All Every Each Those Its This It Names Row"
"""First words of a noun phrase or a clause, with which the docstring of a function does not begin."""


def test_docstrings_of_functions_begin_with_a_verb() -> None:
    wrong = []
    for path, node in functions():
        marks = {ast.unparse(mark) for mark in node.decorator_list}
        text = (ast.get_docstring(node) or "").split()
        if (
            not node.name.startswith("_")
            and text[:1]
            and text[0] in OPENERS.split()
            and not any("property" in m for m in marks)
        ):
            wrong.append(f"{path}: {node.name}: {' '.join(text[:8])}")
    assert wrong == []
