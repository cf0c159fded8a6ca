"""`python -m serving check-config`: what each setting is, where its value comes from and what it does."""

import inspect
import os
import re
from collections.abc import Mapping
from typing import Any, TextIO

import psycopg
from dotenv import dotenv_values
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from pydantic import ValidationError

from serving.settings import PREFIX, Settings, env_files
from serving.startup import StartupError, check_tls

_HIDDEN = "********"


def explain(out: TextIO, err: TextIO) -> int:
    """Explain every setting; secrets are not shown.

    Args:
        out: Where the explanations go.
        err: Where a sentence goes for each value that is wrong.

    Returns:
        0 where the API could start with these settings, else 2.
    """
    sources = read_sources()
    problems: list[str] = []
    try:
        settings = Settings.from_environment()
    except ValidationError as error:
        settings = None
        problems += [describe_problem(item, sources) for item in error.errors()]
    else:
        try:
            check_tls(settings)
        except StartupError as error:
            problems.append(str(error))
    for name, description in descriptions().items():
        variable = f"{PREFIX}{name}".upper()
        source, text = find(variable, sources)
        value = text if settings is None else getattr(settings, name)
        out.write(f"{variable} = {show(name, value)}  ({source})\n    {description}\n")
    for problem in problems:
        err.write(f"{problem}\n")
    return 2 if problems else 0


def read_sources() -> dict[str, Mapping[str, str | None]]:
    """Return the variables by where they stand, what counts most first; names in upper case, as they are compared."""
    state_file, here = env_files()
    named = {"environment": os.environ, ".env": dotenv_values(here), str(state_file): dotenv_values(state_file)}
    return {source: {name.upper(): value for name, value in found.items()} for source, found in named.items()}


def find(variable: str, sources: Mapping[str, Mapping[str, str | None]]) -> tuple[str, str | None]:
    """Return the source that a variable is taken from, and its text there; `default` and None where nobody sets it."""
    for source, variables in sources.items():
        if variable in variables:
            return source, variables[variable]
    return "default", None


def descriptions() -> dict[str, str]:
    """Return what each setting does: its line in the docstring of `Settings`."""
    _, _, attributes = inspect.getdoc(Settings).partition("Attributes:\n")
    entries = re.split(r"^    (?=\w+: )", attributes, flags=re.MULTILINE)[1:]
    pairs = (entry.split(": ", 1) for entry in entries)
    return {name: " ".join(text.split()) for name, text in pairs}


def show(name: str, value: Any) -> str:
    """Write a value for people; passwords and keys are hidden, also those of a value that is wrong."""
    if value is None or value == ():
        return "(unset)"
    if name == "api_key":
        return _HIDDEN
    if name.endswith("_dsn"):
        return _without_password(value)
    if isinstance(value, tuple):
        return ",".join(str(item) for item in value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def describe_problem(error: Mapping[str, Any], sources: Mapping[str, Mapping[str, str | None]]) -> str:
    """Say in one sentence what is wrong with a setting, without its value.

    Args:
        error: One of pydantic's errors.
        sources: As `read_sources` returns them.
    """
    variable = f"{PREFIX}{'_'.join(str(part) for part in error['loc'])}".upper()
    if error["type"] == "missing":
        return f"{variable} is missing: run `make run` once, or set it."
    source, _ = find(variable, sources)
    message = error["msg"].removeprefix("Value error, ")
    return f"{variable} (from {source}) is wrong: {message[:1].lower()}{message[1:]}."


def _without_password(dsn: str) -> str:
    try:
        parts = conninfo_to_dict(dsn)
    except psycopg.ProgrammingError:
        return "(no PostgreSQL DSN)"
    return make_conninfo(**{**parts, **({"password": _HIDDEN} if "password" in parts else {})})
