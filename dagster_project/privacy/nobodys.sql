-- Which findings lie within a surrogate, and so are nobody's: one that the index knows, or one of a value that no column
-- holds, which has the form of a pattern and is left as it is. Presidio may see another kind of thing in it, or a part.
-- Parameters: %(findings)s, %(contents)s: a finding and the text that it stands in, place by place.
select found.place
from unnest(%(findings)s::text[], %(contents)s::text[]) with ordinality as found (value, content, place)
where exists (
    select 1
    from privacy.patterns
    cross join lateral regexp_matches(found.content, '(' || patterns.pattern || ')', 'gi') as matched (parts)
    where strpos(matched.parts[1], found.value) > 0
        and privacy.pseudonymize_text(matched.parts[1]) = matched.parts[1]
)
or privacy.is_surrogate('phone', found.value)
or exists (
    select 1
    from privacy.surrogate_index as known
    where strpos(lower(known.surrogate), lower(found.value)) > 0
        and strpos(lower(found.content), lower(known.surrogate)) > 0
)
