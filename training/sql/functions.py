"""The functions and the syntax that a guarded query may use. Read by `guard`; whatever is not here is blocked.

Only functions that read their arguments and nothing else: no catalog, no settings, no files, no clock to sleep by,
no large results from small arguments.
"""

from sqlglot import exp

# By PostgreSQL's own names, as they are written in the text of a statement.
FUNCTIONS = frozenset(
    """
    count sum avg min max stddev stddev_pop stddev_samp variance var_pop var_samp corr covar_pop covar_samp
    regr_slope regr_intercept regr_r2 regr_count bool_and bool_or every string_agg array_agg mode percentile_cont
    percentile_disc any_value grouping
    row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value nth_value
    abs ceil ceiling floor round trunc mod power pow sqrt cbrt exp ln log sign greatest least div width_bucket
    coalesce nullif num_nulls num_nonnulls
    lower upper initcap length char_length character_length octet_length substring substr left right trim ltrim rtrim
    btrim replace concat concat_ws split_part position strpos reverse starts_with translate ascii
    to_char to_date to_timestamp to_number
    now current_timestamp localtimestamp age date_trunc date_part extract make_date make_timestamp make_interval
    justify_days justify_hours justify_interval isfinite date
    array_length cardinality unnest array_to_string string_to_array generate_series
    """.split()
)

# Words that may stand before a bracket without calling anything.
WORDS_BEFORE_BRACKET = frozenset(
    """
    select from where and or not in any all some exists on using over filter group by order partition values as with
    union intersect except distinct case when then else having limit offset join lateral array row cube rollup sets
    between like ilike is recursive materialized cast interval numeric decimal varchar character char varying bit
    timestamp timestamptz time float within escape similar to end
    """.split()
)

# Nodes of the tree that are neither a function nor an operator.
SYNTAX = (
    exp.Select, exp.Union, exp.Intersect, exp.Except, exp.Subquery, exp.With, exp.CTE, exp.From, exp.Join, exp.Lateral,
    exp.Table, exp.TableAlias, exp.Alias, exp.Identifier, exp.Column, exp.Star, exp.Values, exp.Tuple, exp.Where,
    exp.Group, exp.Having, exp.Order, exp.Ordered, exp.Limit, exp.Offset, exp.Fetch, exp.LimitOptions, exp.Distinct,
    exp.Rollup, exp.Cube, exp.GroupingSets, exp.Window, exp.WindowSpec, exp.WithinGroup, exp.Filter, exp.Literal,
    exp.Boolean, exp.Null, exp.Paren, exp.DataType, exp.DataTypeParam, exp.Interval, exp.IntervalSpan, exp.Var,
    exp.Kwarg, exp.PropertyEQ, exp.Any, exp.All, exp.Escape, exp.National,
)  # fmt: skip

# Operators that are built in for the types below; || on text, ->> on json and @> on arrays build nothing large.
OPERATORS = (
    exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.NullSafeEQ, exp.NullSafeNEQ,
    exp.Is, exp.In, exp.Between, exp.Like, exp.ILike, exp.SimilarTo, exp.RegexpLike, exp.RegexpILike, exp.Add, exp.Sub,
    exp.Mul, exp.Div, exp.Mod, exp.Neg, exp.DPipe, exp.AtTimeZone, exp.Overlaps, exp.Bracket,
)  # fmt: skip

# Functions by their node, where sqlglot has one for a spelling without a name and brackets.
FUNCTION_NODES = (
    exp.Cast, exp.Case, exp.If, exp.Exists, exp.Array, exp.CurrentDate, exp.CurrentTime, exp.CurrentTimestamp,
    exp.Localtimestamp, exp.Localtime, exp.Extract,
)  # fmt: skip

TYPES = frozenset(
    {
        exp.DType.BOOLEAN, exp.DType.SMALLINT, exp.DType.INT, exp.DType.BIGINT, exp.DType.DECIMAL, exp.DType.FLOAT,
        exp.DType.DOUBLE, exp.DType.TEXT, exp.DType.VARCHAR, exp.DType.CHAR, exp.DType.BPCHAR, exp.DType.DATE,
        exp.DType.TIME, exp.DType.TIMESTAMP, exp.DType.TIMESTAMPTZ, exp.DType.INTERVAL, exp.DType.UUID, exp.DType.ARRAY,
    }
)  # fmt: skip
