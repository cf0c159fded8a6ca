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

# What people may call besides, who write their own SQL; the model's grammar does not have them.
MORE_FUNCTIONS = frozenset(
    """
    array_position array_positions array_remove array_append array_prepend array_cat array_ndims array_upper array_lower
    md5 chr to_hex pi degrees radians sin cos tan asin acos atan atan2 log10 gcd lcm scale trim_scale
    bit_and bit_or bit_xor bit_length date_bin make_time
    regexp_replace regexp_match regexp_matches regexp_substr regexp_count regexp_like regexp_instr
    regexp_split_to_array regexp_split_to_table string_to_table lpad rpad repeat format
    jsonb_array_elements jsonb_array_elements_text json_array_elements json_array_elements_text
    jsonb_object_keys json_object_keys jsonb_array_length json_array_length jsonb_typeof json_typeof
    jsonb_extract_path jsonb_extract_path_text json_extract_path json_extract_path_text
    jsonb_build_object json_build_object jsonb_build_array json_build_array to_jsonb to_json row_to_json
    jsonb_agg json_agg jsonb_object_agg json_object_agg jsonb_path_query jsonb_path_query_first jsonb_path_exists
    jsonb_strip_nulls
    regr_avgx regr_avgy regr_sxx regr_syy regr_sxy sinh cosh tanh
    date_add date_subtract
    daterange tsrange tstzrange numrange int4range int8range lower_inc upper_inc lower_inf upper_inf isempty
    to_tsvector to_tsquery plainto_tsquery phraseto_tsquery websearch_to_tsquery ts_rank
    """.split()
)

# Functions of pg_catalog that PostgreSQL's parser puts where syntax stands: trim(both …), at time zone, overlaps, …
SYNTAX_FUNCTIONS = frozenset(
    "btrim extract like_escape ltrim overlaps overlay position rtrim similar_to_escape substring timezone".split()
)

# Functions without brackets, by libpg_query's names.
VALUES = frozenset(
    f"SVFOP_{name}"
    for name in (
        "CURRENT_DATE CURRENT_TIME CURRENT_TIME_N CURRENT_TIMESTAMP CURRENT_TIMESTAMP_N LOCALTIME LOCALTIME_N"
        " LOCALTIMESTAMP LOCALTIMESTAMP_N"
    ).split()
)

# Operators by PostgreSQL's names; `~~` is LIKE.
SERVER_OPERATORS = frozenset(
    "= <> < > <= >= + - * / % ^ || ~ ~* !~ !~* ~~ ~~* !~~ !~~* -> ->> #> #>> @> <@ && ? ?| ?& @@ @? ^@ |/ ||/".split()
    + "& | # << >>".split()
    + ["BETWEEN", "NOT BETWEEN", "BETWEEN SYMMETRIC", "NOT BETWEEN SYMMETRIC"]
)

# Kinds of nodes of PostgreSQL's own tree.
KINDS = frozenset(
    """
    SelectStmt ResTarget Alias String Integer Float Boolean List A_Const A_Star ColumnRef RangeVar RangeSubselect
    RangeFunction JoinExpr CommonTableExpr WithClause SortBy WindowDef GroupingSet FuncCall NamedArgExpr A_Expr
    BoolExpr NullTest BooleanTest SubLink CaseExpr CaseWhen CoalesceExpr MinMaxExpr GroupingFunc SQLValueFunction
    TypeCast TypeName RowExpr A_ArrayExpr A_Indirection A_Indices CollateClause
    """.split()
)

# Nodes of the tree that are neither a function nor an operator.
SYNTAX = (
    exp.Select, exp.Union, exp.Intersect, exp.Except, exp.Subquery, exp.With, exp.CTE, exp.From, exp.Join, exp.Lateral,
    exp.Table, exp.TableAlias, exp.Alias, exp.Identifier, exp.Column, exp.Star, exp.Values, exp.Tuple, exp.Where,
    exp.Group, exp.Having, exp.Order, exp.Ordered, exp.Limit, exp.Offset, exp.Fetch, exp.LimitOptions, exp.Distinct,
    exp.Rollup, exp.Cube, exp.GroupingSets, exp.Window, exp.WindowSpec, exp.WithinGroup, exp.Filter, exp.Literal,
    exp.Boolean, exp.Null, exp.Paren, exp.DataType, exp.DataTypeParam, exp.Interval, exp.IntervalSpan, exp.Var,
    exp.Kwarg, exp.PropertyEQ, exp.Any, exp.All, exp.Escape, exp.National, exp.ByteString, exp.RawString, exp.Slice,
    exp.JSONPath, exp.JSONPathRoot, exp.JSONPathKey, exp.JSONPathSubscript, exp.JSONKeyValue,
)  # fmt: skip

# Operators that are built in for the types below; || on text, ->> on json and @> on arrays build nothing large.
OPERATORS = (
    exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.NullSafeEQ, exp.NullSafeNEQ,
    exp.Is, exp.In, exp.Between, exp.Like, exp.ILike, exp.SimilarTo, exp.RegexpLike, exp.RegexpILike, exp.Add, exp.Sub,
    exp.Mul, exp.Div, exp.Mod, exp.Neg, exp.DPipe, exp.AtTimeZone, exp.Overlaps, exp.Bracket, exp.BitwiseAnd,
    exp.BitwiseOr, exp.BitwiseXor, exp.BitwiseLeftShift, exp.BitwiseRightShift,
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

# Types that people may name besides.
MORE_TYPES = frozenset(
    {
        exp.DType.JSON, exp.DType.JSONB, exp.DType.TIMETZ, exp.DType.INET, exp.DType.MONEY, exp.DType.DATERANGE,
        exp.DType.TSRANGE, exp.DType.TSTZRANGE, exp.DType.NUMRANGE, exp.DType.INT4RANGE, exp.DType.INT8RANGE,
    }
)  # fmt: skip
