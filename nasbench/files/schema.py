"""Typed models of TOML files: every mistake is one sentence with file, line and key.

A model is a `FileModel`: frozen, of exact types, without keys that it does not name. Arrays are read as tuples. `read_model` reads a
file within the bounds of `nasbench.files.documents`. What the description of a required field says is told where it lacks. Import this
module where a file is read, not before: it needs pydantic, which neither the command's help nor a bare machine should.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from nasbench.errors import ConfigurationError, NasbenchError, nearest_name, quoted
from nasbench.files.documents import parse_toml, read_text
from nasbench.files.toml_lines import KeyPath, key_lines, line_of
from nasbench.ranges import Allowed
from nasbench.renamed import ACCOUNTS, HYPOTHESIS, RECIPE, STUDY, New, with_new_names


class FileModel(BaseModel):
    """A table of a TOML file.

    Attributes:
        RENAMED: old keys of this table that are read for one release.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    RENAMED: ClassVar[Mapping[str, New]] = {}

    @model_validator(mode="before")
    @classmethod
    def _check_keys(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        named = with_new_names(given, cls.RENAMED, "key")
        known = [field.alias or name for name, field in cls.model_fields.items()]
        unknown = next((key for key in named if key not in known), None)
        if unknown is not None:
            near = nearest_name(unknown, known)
            hint = f"did you mean {near!r}?" if near else f"known are: {', '.join(sorted(known))}."
            raise _error(f"there is no key {quoted(unknown)}; {hint}", unknown)
        for name, field in cls.model_fields.items():
            if field.is_required() and field.description and (field.alias or name) not in named:
                raise _error(f"it lacks the key {quoted(field.alias or name)}; it should be {field.description}.")
        return named


Model = TypeVar("Model", bound=FileModel)


def _with_lists(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_lists(item) for key, item in value.items()}
    return [_with_lists(item) for item in value] if isinstance(value, tuple) else value


Table = Annotated[dict[str, Any], BeforeValidator(_with_lists)]
"""A table of any keys, as TOML has it: its arrays are lists."""
NO_KEYS: Any = Field(default_factory=dict)
"""Default of a table that may be left out."""


def within(allowed: Allowed) -> AfterValidator:
    """Return a validator for `Annotated` that holds a value against a range of `nasbench.ranges`."""

    def check(value: Any) -> Any:
        if value not in allowed:
            raise _error(f"it is {quoted(value)}; it should be {allowed.words}.")
        return value

    return AfterValidator(check)


def read_model(model: type[Model], source: Path | str, where: str) -> Model:
    """Read a TOML file, or a text of TOML, into a model.

    Args:
        model: what it should be.
        source: the file as a Path, or the text.
        where: what it is, as errors call it, such as "study s.toml".

    Raises:
        ConfigurationError: if it is not, saying where and what would be right.
        NasbenchError: if it cannot be read, or is not TOML.
    """
    text = read_text(source, where) if isinstance(source, Path) else source
    return _validated(model, parse_toml(text, where), where, text)


def validate_table(model: type[Model], table: Mapping[str, Any], where: str) -> Model:
    """Return a table that was read before as a model; raises ConfigurationError as `read_model`, without a line."""
    return _validated(model, dict(table), where, "")


def _validated(model: type[Model], found: Mapping[str, Any], where: str, text: str) -> Model:
    try:
        return model.model_validate(_with_tuples(found))
    except NasbenchError as fault:
        raise ConfigurationError(f"The {where}: {fault}", file=where) from fault
    except ValidationError as fault:
        raise _first_mistake(fault, found, text, where) from fault


def _error(sentence: str, key: str = "") -> PydanticCustomError:
    # A brace would be taken for a place to fill in, so the sentence travels beside the template.
    return PydanticCustomError("nasbench", "{sentence}", {"sentence": sentence, "key": key})


def _with_tuples(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_tuples(item) for key, item in value.items()}
    return tuple(map(_with_tuples, value)) if isinstance(value, list) else value


def _first_mistake(fault: ValidationError, found: Mapping[str, Any], text: str, where: str) -> ConfigurationError:
    """Return the sentence for the first mistake; an unknown key goes before what it was meant for and left out."""
    errors: list[Any] = fault.errors(include_url=False)
    error = next((one for one in errors if one["type"] == "nasbench" and one["ctx"]["key"]), errors[0])
    path = owner = _path(found, error["loc"])
    for one in errors:  # of a union, the member that got further says more
        further = _path(found, one["loc"])
        if len(further) > len(path) and further[: len(path)] == path:
            error, path, owner = one, further, further
            break
    if error["type"] == "nasbench" and error["ctx"]["key"]:
        path = (*path, error["ctx"]["key"])
    alike = [one for one in errors if _path(found, one["loc"]) == owner and _wanted(one)]
    line = line_of(key_lines(text), path)
    key = _written(owner)
    place = "".join((f"The {where}", f", line {line}" if line is not None else "", f", {key}" if key else ""))
    return ConfigurationError(f"{place}: {_sentence(error, alike)}", file=where, key=_written(path))


def _path(found: Any, location: tuple[str | int, ...]) -> KeyPath:
    """Return the place of a mistake without what a union adds to it, which is no key of the file."""
    path: KeyPath = ()
    for step in location:
        if isinstance(found, dict):
            step = next((old for old, new in _OLD_NAMES.items() if new == step and old in found), step)
            if step not in found:
                continue
            found = found[step]
        elif isinstance(found, list) and isinstance(step, int) and step < len(found):
            found = found[step]
        else:
            continue
        path = (*path, step)
    return path


_OLD_NAMES: Mapping[str, str] = {
    old: new.name for names in (STUDY, ACCOUNTS, RECIPE, HYPOTHESIS) for old, new in names.items()
}


def _written(path: KeyPath) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")


_WANTED: Mapping[str, str] = {
    "string_type": "a text",
    "int_type": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "dict_type": "a table",
    "mapping_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
    "too_short": "a list of {min_length} or more",
    "string_too_short": "a text that is not empty",
    "greater_than": "more than {gt}",
    "greater_than_equal": "{ge} or more",
    "less_than": "less than {lt}",
    "less_than_equal": "{le} or less",
    "literal_error": "{expected}",
}
"""Kind of mistake to what would be right."""


def _wanted(error: Mapping[str, Any]) -> str:
    return _WANTED.get(error["type"], "").format(**error.get("ctx", {}))


def _sentence(error: Mapping[str, Any], alike: Sequence[Mapping[str, Any]]) -> str:
    """Return what is wrong, and what would be right by every member of a union (`alike`)."""
    kind, context = error["type"], error.get("ctx", {})
    if kind == "nasbench":
        return str(context["sentence"])
    if kind == "value_error":
        return str(context["error"])
    if kind == "missing":
        return f"it lacks the key {error['loc'][-1]!r}."
    if kind == "union_tag_not_found":
        return f"it lacks the key {context['discriminator']}."
    if kind == "union_tag_invalid":
        expected = [tag.strip().strip("'") for tag in context["expected_tags"].split(",")]
        near = nearest_name(str(context["tag"]), expected)
        hint = f"did you mean {near!r}?" if near else f"known are: {', '.join(expected)}."
        return f"there is no {context['discriminator']} named {quoted(context['tag'])}; {hint}".replace(
            "'kind'", "kind"
        )
    given = error["input"]
    shown = quoted(list(given) if isinstance(given, tuple) else given)
    wanted = " or ".join(dict.fromkeys(map(_wanted, alike)))
    return f"it is {shown}; it should be {wanted}." if wanted else f"it is {shown}; {error['msg'].lower()}."
