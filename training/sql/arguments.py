"""How many arguments each allowed function takes, for the grammar: what is written with others is no SQL."""

from training.sql.functions import FUNCTIONS

# Those with a rule of their own in grammar.lark.
OWN_RULE = frozenset({"unnest", "generate_series", "extract", "position"})

AGGREGATES = {
    "1": "count sum avg min max stddev stddev_pop stddev_samp variance var_pop var_samp bool_and bool_or every "
    "array_agg any_value",
    "2": "string_agg corr covar_pop covar_samp regr_slope regr_intercept regr_r2 regr_count",
}
ORDERED_SETS = {"0": "mode", "1": "percentile_cont percentile_disc"}
WINDOWS = {
    "0": "row_number rank dense_rank percent_rank cume_dist",
    "1": "ntile first_value last_value",
    "1-3": "lag lead",
    "2": "nth_value",
}
SCALARS = {
    "0": "now",
    "0-1": "current_timestamp localtimestamp",
    "0-7": "make_interval",
    "1": "abs ceil ceiling floor sqrt cbrt exp ln sign lower upper initcap length char_length character_length "
    "octet_length trim reverse ascii justify_days justify_hours justify_interval isfinite date cardinality",
    "1-2": "round trunc log ltrim rtrim btrim to_timestamp age",
    "1-": "grouping greatest least coalesce num_nulls num_nonnulls concat",
    "2": "mod power pow div nullif left right strpos starts_with to_char to_date to_number date_part array_length",
    "2-3": "substring substr date_trunc array_to_string string_to_array",
    "2-": "concat_ws",
    "3": "replace split_part translate make_date",
    "4": "width_bucket",
    "6": "make_timestamp",
}


def call_rules() -> str:
    """Writes the rules of calls.

    Returns:
        The rules that `call` in grammar.lark names, in llguidance's Lark.
    """
    aggregates = [
        f'{_names(names)} "(" "distinct "? {_arguments(count)} arguments_order? ")"'
        for count, names in AGGREGATES.items()
    ]
    rules = {
        "aggregate": ['"count" "(" "*" ")"', *aggregates],
        "ordered_set": _calls(ORDERED_SETS),
        "window_function": _calls(WINDOWS),
        "scalar": _calls(SCALARS),
    }
    return "\n".join(f"{name}: " + "\n    | ".join(forms) for name, forms in rules.items())


def all_names() -> list[str]:
    """Every function that has a number of arguments here."""
    groups = (AGGREGATES, ORDERED_SETS, WINDOWS, SCALARS)
    return [name for group in groups for names in group.values() for name in names.split()]


def _calls(group: dict[str, str]) -> list[str]:
    return [f'{_names(names)} "(" {_arguments(count)} ")"'.replace("  ", " ") for count, names in group.items()]


def _names(names: str) -> str:
    return "(" + " | ".join(f'"{name}"' for name in names.split()) + ")"


def _arguments(count: str) -> str:
    """`2` two of them, `1-3` one to three, `1-` at least one."""
    least, dash, most = count.partition("-")
    needed = ' ", " '.join(["expression"] * int(least))
    if not dash:
        return needed
    if not most:
        return f'{needed} (", " expression)*'
    more = ""
    for _ in range(int(most) - max(int(least), 1)):
        more = f'(", " expression {more})?'
    return f"{needed} {more}" if needed else f"(expression {more})?"


if set(all_names()) | OWN_RULE != FUNCTIONS:
    raise AssertionError(f"functions and arguments differ: {sorted(FUNCTIONS ^ (set(all_names()) | OWN_RULE))}")
