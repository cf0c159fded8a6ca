"""Everything auditune knows about a SQL statement: parse, bind, canonical form, guard, sandbox run, comparison.

Called by the pipeline's validation, the evaluation and the API alike: what is served is what was trained and judged.
"""
