"""The sandbox models of a business schema, their YAML, and the list of its tables, as text. Pure."""

from collections.abc import Mapping

from dagster_project.personal_columns.catalog import BusinessTable
from dagster_project.scaffold.naming import dbt_name, model_name
from dagster_project.scaffold.yaml_text import description, scalar

_LIST = """\
{{#- The tables of the business schema `{schema}` that questions are about, as its sources' YAML names them: dbt has to
    know before it runs what is built after all of them. -#}}
{{% macro tables_of_{schema}() %}}
    {{{{ return([
{tables}
    ]) }}}}
{{% endmacro %}}
"""


def models(schema: str, names: Mapping[str, str]) -> dict[str, str]:
    """Returns model name → its one line.

    Args:
        schema: the schema in the database.
        names: table in the database → its name in dbt.
    """
    return {model_name(schema, name): _model(schema, table, name) for table, name in names.items()}


def models_yaml(schema: str, tables: list[BusinessTable], names: Mapping[str, str]) -> str:
    """Writes the models' YAML: one row per what, and the primary key's tests where it is one column."""
    lines = ["version: 2", "", "models:"]
    for table in tables:
        text = f"One row per row of `{schema}.{table.name}`, tagged columns pseudonymized."
        lines += [f"  - name: {model_name(schema, names[table.name])}", f"    description: {description(text)}"]
        for key in [column for column in table.columns if column.is_only_key]:
            lines += ["    columns:", f"      - name: {scalar(key.name)}"]
            if key.needs_quotes:
                lines.append("        quote: true")
            lines.append("        data_tests: [unique, not_null]")
    return "\n".join(lines) + "\n"


def tables_macro(schema: str, names: Mapping[str, str]) -> str:
    """Writes the macro that lists the schema's tables as the sources' YAML names them."""
    listed = "\n".join(f"        '{name}'," for name in names.values())
    return _LIST.format(schema=dbt_name(schema), tables=listed)


def _model(schema: str, table: str, name: str) -> str:
    arguments = [f"'{dbt_name(schema)}'", f"'{name}'"]
    if dbt_name(schema) != schema:
        arguments.append(f"schema={_jinja(schema)}")
    if name != table:
        arguments.append(f"identifier={_jinja(table)}")
    return f"{{{{ sandbox_table({', '.join(arguments)}) }}}}\n"


def _jinja(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
