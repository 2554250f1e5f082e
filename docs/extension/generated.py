"""The directive `generated`: a reference made from the suite itself, as Markdown that the page includes.

```{generated} command_line
```
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

from extension.markdown import cell, code, paragraphs, prose, table
from extension.papers import published_tables
from extension.theory import claims


def listing(list_name: str, /, **columns: str) -> str:
    """Return a list of `nasbench list KIND` as a table; columns are given as key=heading, of code where the heading ends with a backtick."""
    from nasbench.study.listing import rows_of

    rows = [
        [
            code(row[key]) if heading.endswith("`") else cell("" if row[key] is None else row[key])
            for key, heading in columns.items()
        ]
        for row in rows_of(list_name)
    ]
    return table([heading.rstrip("`") for heading in columns.values()], rows)


def attributes(described: Any) -> dict[str, str]:
    """Return what the section Attributes, or Args, of a docstring says of each name."""
    text = inspect.getdoc(described) or ""
    found: dict[str, str] = {}
    for section in re.findall(r"^(?:Attributes|Args):\n((?:[ ]{4}.*\n?|\n)+)", text, re.MULTILINE):
        for names, meaning in re.findall(r"^ {4}([\w, ]+): ((?:.*\n?)(?:^ {8}.*\n?)*)", section, re.MULTILINE):
            found |= {name.strip(): " ".join(meaning.split()) for name in names.split(",")}
    return found


def command_line() -> str:
    """Return every command with its arguments and options."""
    from typer.main import get_command

    from nasbench.cli.main import app

    root: Any = get_command(app)
    return "\n".join(_command(name, command) for name, command in _commands("nasbench", root))


def _commands(name: str, group: Any) -> Iterator[tuple[str, Any]]:
    names = group.list_commands(None) if hasattr(group, "list_commands") else list(group.commands)
    for child in names:
        command = group.get_command(None, child)
        if hasattr(command, "commands"):
            yield from _commands(f"{name} {child}", command)
        else:
            yield f"{name} {child}", command


def _command(name: str, command: Any) -> str:
    rows = []
    for parameter in command.params:
        if parameter.name == "help" or getattr(parameter, "hidden", False):
            continue
        flags = [*parameter.opts, *parameter.secondary_opts]
        argument = parameter.param_type_name == "argument"
        given = (parameter.metavar or parameter.name.upper()) if argument else ", ".join(flags)
        default = parameter.default() if callable(parameter.default) else parameter.default
        plain = isinstance(default, (str, int, float)) and not isinstance(default, bool) and str(default)
        rows.append(
            (
                code(given),
                "required" if parameter.required else code(default) if plain else "",
                prose(parameter.help or ""),
            )
        )
    arguments = " ".join(p.metavar or p.name.upper() for p in command.params if p.param_type_name == "argument")
    text = "\n\n".join(prose(" ".join(part.split())) for part in inspect.cleandoc(command.help or "").split("\n\n"))
    usage = f"{name} [OPTIONS] {arguments}".strip()
    return (
        f"## {name}\n\n{text}\n\n```text\n{usage}\n```\n\n{table(('argument or option', 'default', 'meaning'), rows)}\n"
    )


def study_keys() -> str:
    """Return every key of a study file, of the models that read it."""
    from nasbench.search.parallelism import Parallelism
    from nasbench.search.search_protocol import SearchProtocol
    from nasbench.study.config import Study
    from nasbench.study.live_config import LiveConfig
    from nasbench.study.methods import MethodConfig
    from nasbench.study.study_file import LiveTable, MethodTable, StudyFile, TaskTable

    schema = {"schema_": "version of the form of the file"}
    study = {**attributes(Study), **attributes(SearchProtocol), **attributes(Parallelism), **schema}
    study |= {key: attributes(Study)[key] for key in ("runs", "seed", "problems")} | {
        "live": "settings of live tasks, see below"
    }
    study["description"] = "a sentence on the purpose"
    study["name"] = "name of the study, and of its results folder"
    live = attributes(LiveConfig)
    sections: Sequence[tuple[str, str, Any, Mapping[str, str]]] = (
        ("Top level", "", StudyFile, study),
        ("Methods", "A table `[[methods]]` for each method.", MethodTable, attributes(MethodConfig)),
        ("Live tasks", "The section `[live]`, which tables do not need.", LiveTable, live),
        ("One live task", "A section `[live.task.NAME]`: what differs on that task.", TaskTable, {**live, "budget": "budget of a run on this task"}),
    )  # fmt: skip
    return "\n".join(
        f"### {title}\n\n{lead}\n\n{_keys(model, meanings)}\n" for title, lead, model, meanings in sections
    )


def _keys(model: Any, meanings: Mapping[str, str]) -> str:
    rows = []
    for name, field in model.model_fields.items():
        given = None if field.is_required() else field.get_default(call_default_factory=True)
        told = "" if given in ("", (), None) or hasattr(given, "model_fields") else code(_toml(given))
        default = "required" if field.is_required() else told
        rows.append((code(field.alias or name), _type(field.annotation), default, prose(meanings[name])))
    return table(("key", "type", "default", "meaning"), rows)


def _toml(value: Any) -> str:
    return (
        "{}"
        if not value and isinstance(value, Mapping)
        else str(value).lower()
        if isinstance(value, bool)
        else str(value)
    )


def _type(annotation: Any) -> str:
    text = re.sub(
        r"typing\.|collections\.abc\.|nasbench\.[\w.]*\.|<class '(\w+)'>", lambda found: found[1] or "", str(annotation)
    )
    words = (
        ("Mapping[", "table"),
        ("MethodTable", "tables"),
        ("LiveTable", "table"),
        ("tuple[str", "list of texts"),
        ("tuple[int", "list of whole numbers"),
    )
    known = next((word for mark, word in words if mark in text), "")
    if known:
        return known + (' or "longest"' if "Literal" in text else "") + (" or text" if text.startswith("str |") else "")
    plain = {"str": "text", "int": "whole number", "bool": "true or false", "float": "number"}
    return " or ".join(plain.get(part.strip(), "") for part in text.split("|") if part.strip() in plain) or "table"


def optimizers() -> str:
    """Return every optimizer: what its class says, its sources, and its settings."""
    from nasbench.errors import NasbenchError
    from nasbench.search.registry import get_optimizer
    from nasbench.study.listing import rows_of

    sections = []
    for row in rows_of("optimizers"):
        lead = f"objectives: {row['objectives']} · workers: {row['workers']}" + (
            f" · needs the extra {row['extras']}" if row["extras"] else ""
        )
        try:
            optimizer = get_optimizer(row["name"])
        except NasbenchError:
            sections.append(f"## {row['name']}\n\n{prose(row['summary'] or '')}\n\n*{lead}*\n")
            continue
        module = inspect.getmodule(optimizer.algorithm)
        source = paragraphs(inspect.getdoc(module) or "")
        meanings = attributes(optimizer.algorithm)
        rows = [
            (code(name), code(repr(default)), cell(optimizer.allowed[name].words), prose(meanings.get(name, "")))
            for name, default in optimizer.settings.items()
        ]
        settings = table(("setting", "default", "values", "meaning"), rows) if rows else "No settings.\n"
        sections.append(
            f"## {row['name']}\n\n*{lead}*\n\n{source}\n\n{paragraphs(inspect.getdoc(optimizer.algorithm) or '')}\n\n{settings}"
        )
    return "\n".join(sections)


def searchers() -> str:
    """Return every searcher on shared weights: what its module and class say, and its options, those of base classes included."""
    from nasbench.live.searchers.catalogue import allowed_options, find_searcher, searcher_names

    sections = []
    for name in searcher_names():
        kind: Any = find_searcher(name)
        bases = [base for base in reversed(kind.__mro__) if base.__module__.startswith("nasbench.")]
        meanings = {option: told for base in bases for option, told in attributes(base).items()}
        defaults = {
            option: parameter.default
            for base in bases
            if "__init__" in vars(base)
            for option, parameter in inspect.signature(base.__init__).parameters.items()
        }
        rows = [
            (
                code(option),
                code(repr(defaults[option])) if option in defaults else "",
                cell(allowed.words),
                prose(meanings.get(option, "")),
            )
            for option, allowed in allowed_options(kind).items()
        ]
        told = paragraphs(inspect.getdoc(inspect.getmodule(kind)) or ""), paragraphs(inspect.getdoc(kind) or "")
        sections.append(
            f"### {name}\n\n{told[0]}\n\n{told[1]}\n\n{table(('option', 'default', 'values', 'meaning'), rows)}"
        )
    return "\n".join(sections)


def statistics() -> str:
    """Return the names of `nasbench.statistics`, each with the first sentence of its docstring."""
    from nasbench.reports import statistics as public

    rows = []
    for name in public.__all__:
        thing = getattr(public, name)
        sentence = (inspect.getdoc(thing) or "").split("\n\n")[0]
        rows.append((code(name), prose(" ".join(sentence.split())), code(thing.__module__.rpartition(".")[2])))
    return table(("name", "what it does", "module"), rows)


REFERENCES: Mapping[str, Callable[[], str]] = {
    "command_line": command_line,
    "study_keys": study_keys,
    "optimizers": optimizers,
    "claims": claims,
    "published_tables": published_tables,
    "searchers": searchers,
    "statistics": statistics,
    "spaces": lambda: listing("spaces", name="space`", decisions="decisions", size="architectures"),
    "benchmarks": lambda: listing(
        "benchmarks",
        name="benchmark`",
        space="space`",
        architectures="architectures",
        objectives="objectives",
        splits="splits",
        kind="kind",
    ),
    "optimizer_list": lambda: listing(
        "optimizers",
        name="optimizer`",
        objectives="objectives",
        numbers="numbers",
        workers="workers",
        extras="extra",
        summary="summary",
    ),
    "presets": lambda: listing(
        "presets", name="preset`", problems="problems", methods="methods", runs="runs", description="description"
    ),
    "tasks": lambda: listing(
        "tasks", name="task`", kind="kind", size="input", outputs="outputs", metric="metric", source="source"
    ),
    "papers": lambda: listing(
        "papers",
        name="paper`",
        title="title",
        published_values="values",
        cross_checked="of a second source",
    ),
}


class Generated(SphinxDirective):
    """The directive."""

    required_arguments = 1
    option_spec: ClassVar[Any] = {}

    def run(self) -> list[nodes.Node]:
        """Return the reference, parsed."""
        text = REFERENCES[self.arguments[0]]()
        node = nodes.Element()
        node.document = self.state.document
        self.state.nested_parse(
            StringList(text.splitlines(), self.arguments[0]), self.content_offset, node, match_titles=True
        )
        return node.children
