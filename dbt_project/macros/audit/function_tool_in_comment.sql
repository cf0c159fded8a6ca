{#- staging.tool_in_comment(comment): the tool that a comment of a statement names, what it refers to there (a chart, a
    query's hash, a model; never a user), and whether no person asked: dbt's own runs and tests. No row where the comment
    names no tool. What the tools write:
        -- Metabase:: userID: 7 queryType: MBQL queryHash: cb83d4f6…
        -- /* partner: "metabase", {"dashboard_id":5,"chart_id":12,"optional_user_id":7,…} */ Metabase:: userID: 7 …
        -- 6dcd92a04feb50f14bbcf07c661680ba                         Superset's hash of a chart's query
        -- [SQL LAB] ada 2024-05-01T10:00:00                        the example of Superset's SQL_QUERY_MUTATOR
        -- Looker Query Context '{"user_id":7,"history_slug":"fc83573987b999306eaf6e1a3f2cde70","instance_slug":"71d4…"}'
        /* {"app": "dbt", "dbt_version": "1.10.0", "profile_name": "p", "target_name": "t", "node_id": "model.shop.orders"} */
        /* Username: ada, Query ID: 12, Queue: queries, Job ID: …, Query Hash: 9f…, Scheduled: False */   Redash
        /*application='crm',route='%2Forders'*/                     sqlcommenter -#}
{% macro function_tool_in_comment() %}
create or replace function staging.tool_in_comment(comment text)
returns table (tool text, reference text, is_machine boolean)
language sql immutable strict parallel safe
as $function$
    with body as (
        select btrim(regexp_replace(comment, '^(--|/\*)|\*/$', '', 'g'), E' \t\r\n') as content
    ),

    named as (
        select
            case
                when content ~* '\mmetabase::' then 'metabase'
                when content ~* '^looker query context|"history_slug"' then 'looker'
                when content ~* '^(sql for creating the total|raw sql results do not include|generate derived table)' then 'looker'
                when content ~ '"app"\s*:\s*"dbt"' then 'dbt'
                when content ~* '^[0-9a-f]{32}$|^\[sql lab\]|\msuperset\M' then 'superset'
                when content ~* '^username:.*\mquery id:' then 'redash'
                when content ~ $re$^[[:alnum:]_.%-]+='(?:[^'\\]|\\.)*'(\s*,|$)$re$ then 'sqlcommenter'
            end as tool,
            content
        from body
    )

    select
        named.tool,
        nullif(
            case named.tool
                when 'sqlcommenter' then concat_ws(
                    ' ',
                    'application=' || staging.url_decode(substring(content from $re$(?:^|,)\s*(?:application|app)='([^'\\]*)'$re$)),
                    'controller=' || staging.url_decode(substring(content from $re$(?:^|,)\s*controller='([^'\\]*)'$re$)),
                    'action=' || staging.url_decode(substring(content from $re$(?:^|,)\s*action='([^'\\]*)'$re$)),
                    'route=' || staging.url_decode(substring(content from $re$(?:^|,)\s*route='([^'\\]*)'$re$))
                )
                else concat_ws(
                    ' ',
                    'dashboard_id=' || substring(content from '(?i)\mdashboard_?id\M\W{1,4}([0-9]+)'),
                    'chart_id=' || substring(content from '(?i)\m(?:chart|slice|card)_?id\M\W{1,4}([0-9]+)'),
                    'query_id=' || substring(content from '(?i)\mquery[_ ]?id\M\W{1,4}([0-9]+)'),
                    'query_hash=' || substring(content from '(?i)(?:query[_ ]?hash\W{1,4}|^)([0-9a-f]{32,64})\M'),
                    'history_slug=' || substring(content from '"history_slug"\s*:\s*"([0-9a-zA-Z]+)"'),
                    'node_id=' || substring(content from '"node_id"\s*:\s*"([[:alnum:]_.-]+)"')
                )
            end,
            ''
        ) as reference,
        named.tool = 'dbt' as is_machine
    from named
    where named.tool is not null
$function$;
{% endmacro %}
