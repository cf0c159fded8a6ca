"""New pairs out of the training pairs' own parts, so that a question of a new form is not the first of its kind.

Four ways, each on the question and its SQL alike; what it makes must still be a query over the catalog:

- the other end: "the longest river" becomes "the shortest river", max becomes min and descending ascending;
- another column: "the population of texas" becomes "the area of texas";
- a number for a list, and a list for a number: "how many rivers are in ohio" becomes "which rivers are in ohio";
- a question for a value: "the capital of texas" becomes "the capital of the state that borders the most states", where
  another pair asks "what state borders the most states" and its answers are such values.

The last is the phrase abstraction of Jia and Liang, "Data Recombination for Neural Semantic Parsing" (ACL 2016), with
the SQL of the other question as a subquery. Called by augment.py.
"""

import random
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from sqlglot import exp

from training.data import Pair
from training.phrases import counted, listed, noun_phrase, opposite, put_phrase
from training.sql.canonical import canonicalize
from training.sql.catalog import Catalog, Column
from training.sql.errors import SqlError
from training.sql.parse import parse_select
from training.sql.render import render

_Key = tuple[str, str]  # table and column
_CHANCE = 0.5  # of each way, where it is possible
_LONGEST_SQL = 400  # characters of what is made: deeper nesting is asked by nobody
_TRIES = 16
_TEXT = ("text", "character")
_NUMBER = ("smallint", "integer", "bigint", "numeric", "real", "double precision")


class Recombination:
    """Makes other pairs out of pairs."""

    def __init__(self, catalog: Catalog, training: Iterable[Pair], values: Mapping[_Key, set[str]]) -> None:
        """Reads the parts that can be put elsewhere.

        Args:
            catalog: The tables.
            training: The pairs to take parts from.
            values: Known values of text columns; two columns that share some hold the same kind of thing.
        """
        self._catalog, self._values = catalog, values
        names = [table.name for table in catalog.tables]
        self._nouns = {*names, *(name.removesuffix("s") for name in names)}
        self._phrases: list[tuple[str, str, _Key]] = []  # a noun phrase, its query, and what that selects
        for pair in training:
            phrase = noun_phrase(pair.question)
            tree = parse_select(pair.sql)
            key = self._selected(tree) if phrase else None
            # In "the mayor of Austin, Texas" the phrase ends at the comma, and its query would say more than it does.
            is_whole = phrase and all(text in phrase for text in compared_texts(tree) if text in pair.question)
            if not is_whole:
                continue
            if key is not None and key in values and any(tree.args.get(part) for part in ("where", "group", "limit")):
                self._phrases.append((phrase, pair.sql, key))

    def vary(self, pair: Pair, draw: random.Random) -> Pair:
        """Returns another pair, or the pair as it is where nothing can be recombined.

        Args:
            pair: A training pair, its SQL canonical.
            draw: Decides; the same state gives the same pair.
        """
        ways = [self._other_end, self._other_column, self._number_or_list, self._nested]
        draw.shuffle(ways)
        for way in ways:
            if draw.random() < _CHANCE:
                pair = self._checked(way, pair, draw)
        return pair

    def _checked(self, way: Callable[[Pair, random.Random], Pair | None], pair: Pair, draw: random.Random) -> Pair:
        try:
            made = way(pair, draw)
            if made is None or len(made.sql) > _LONGEST_SQL:
                return pair
            return replace(made, sql=canonicalize(made.sql, self._catalog))
        except SqlError:
            return pair

    def _other_end(self, pair: Pair, draw: random.Random) -> Pair | None:
        asked = opposite(pair.question, draw)
        if asked is None:
            return None
        question, exchanged = asked
        tree, is_changed = parse_select(pair.sql), False
        for node in list(tree.find_all(exp.Max, exp.Min, exp.Ordered, exp.Column)):
            if isinstance(node, exp.Max | exp.Min):
                node.replace((exp.Min if isinstance(node, exp.Max) else exp.Max)(**node.args))
                is_changed = True
            elif isinstance(node, exp.Ordered):
                if node is node.parent.expressions[0]:  # the keys behind it only order what is equal
                    is_descending = not node.args.get("desc")
                    node.set("desc", is_descending)
                    node.set("nulls_first", is_descending)  # PostgreSQL's default
                    is_changed = True
            else:
                is_changed = self._rename(node, exchanged) or is_changed
        return replace(pair, question=question, sql=render(tree)) if is_changed else None

    def _rename(self, column: exp.Column, words: Mapping[str, str]) -> bool:
        """Takes the column `lowest_point` for `highest_point`, where there is one."""
        parts = column.name.split("_")
        name = "_".join(words.get(part, part) for part in parts)
        if name == column.name or not any(name in table.by_name for table in self._catalog.tables):
            return False
        column.this.set("this", name)
        return True

    def _other_column(self, pair: Pair, draw: random.Random) -> Pair | None:
        """Exchanges a column that the question names, wherever the SQL has it, for another of its table and kind."""
        tree = parse_select(pair.sql)
        names = {node.name for node in tree.find_all(exp.Table)}
        used = {node.name for node in tree.find_all(exp.Column)}
        options = []
        for table in self._catalog.tables:
            named = {column.name for column in table.columns if _times(column.name, pair.question)}
            # In "population density" the first word is no column of the query, and the second cannot stand alone.
            if table.name in names and named <= used:
                numbers = [column for column in table.columns if _is_measure(column)]
                options += [
                    (old.name, new.name)
                    for old in numbers
                    for new in numbers
                    if _times(old.name, pair.question) == 1
                    and new.name not in used
                    and not any(_times(f"{old.name} {other}", pair.question) for other in named)
                ]
        if not options:
            return None
        old, new = draw.choice(options)
        for node in tree.find_all(exp.Column):
            if node.name == old:
                node.this.set("this", new)
        question = re.sub(_words_of(old), new.replace("_", " "), pair.question, flags=re.IGNORECASE)
        return replace(pair, question=question, sql=render(tree))

    def _number_or_list(self, pair: Pair, draw: random.Random) -> Pair | None:  # noqa: ARG002 - as the other ways
        tree = parse_select(pair.sql)
        if not isinstance(tree, exp.Select) or len(tree.expressions) != 1 or tree.args.get("group"):
            return None
        selected = tree.expressions[0]
        if isinstance(selected, exp.Count) and selected.find(exp.Column):
            question, inner = listed(pair.question), selected.this
            is_distinct = isinstance(inner, exp.Distinct)
            column = inner.expressions[0] if is_distinct else inner
            tree.set("expressions", [column.copy()])
            tree.set("distinct", exp.Distinct() if is_distinct else None)
        elif isinstance(selected, exp.Column) and not tree.args.get("limit") and self._is_text(selected):
            question = counted(pair.question)
            argument = exp.Distinct(expressions=[selected.copy()]) if tree.args.get("distinct") else selected.copy()
            tree.set("distinct", None)
            tree.set("expressions", [exp.Count(this=argument)])
        else:
            return None
        return replace(pair, question=question, sql=render(tree)) if question else None

    def _nested(self, pair: Pair, draw: random.Random) -> Pair | None:
        tree = parse_select(pair.sql)
        compared = compared_texts(tree)
        if not compared or not self._phrases:
            return None
        value = draw.choice(sorted(compared))
        keys = [key for node in compared[value] if (key := column_key(node.this)) is not None]
        for phrase, sql, selected in draw.sample(self._phrases, min(_TRIES, len(self._phrases))):
            if sql == pair.sql or not all(self._are_alike(key, selected) for key in keys):
                continue
            question = put_phrase(pair.question, value, phrase, self._nouns)
            if question is None:
                return None
            inner = parse_select(sql)
            if not inner.args.get("limit"):
                inner.set("order", None)
            for node in compared[value]:
                node.replace(exp.In(this=node.this.copy(), query=exp.Subquery(this=inner.copy())))
            return replace(pair, question=question, sql=render(tree))
        return None

    def _are_alike(self, one: _Key, other: _Key) -> bool:
        """Whether two columns hold one kind of thing: half of the values of the one with fewer are in the other."""
        values = self._values.get(one, set()), self._values.get(other, set())
        fewer = min(map(len, values))
        return one == other or (fewer > 1 and 2 * len(values[0] & values[1]) >= fewer)

    def _is_text(self, column: exp.Column) -> bool:
        key = column_key(column)
        table = self._catalog.table(key[0]) if key else None
        return table is not None and key[1] in table.by_name and table.by_name[key[1]].type.startswith(_TEXT)

    def _selected(self, tree: exp.Expression) -> _Key | None:
        """The one plain column that a query selects."""
        if not isinstance(tree, exp.Select) or len(tree.expressions) != 1:
            return None
        column = tree.expressions[0]
        return column_key(column) if isinstance(column, exp.Column) else None


def column_key(column: exp.Column) -> tuple[str, str] | None:
    """Finds the table and name of a column; one that stands without its table is of the first in its own FROM."""
    select = column.find_ancestor(exp.Select)
    source = (select.args.get("from_") or select.args.get("from")) if select else None
    tables = [source.this, *(join.this for join in select.args.get("joins") or ())] if source else []
    for table in tables:
        if isinstance(table, exp.Table) and column.table in ("", table.alias_or_name):
            return table.name, column.name
    return None


def compared_texts(tree: exp.Expression) -> dict[str, list[exp.EQ]]:
    """Finds the comparisons of a column with a text, by the text."""
    found: dict[str, list[exp.EQ]] = {}
    for node in tree.find_all(exp.EQ):
        column, literal = node.this, node.expression
        if isinstance(column, exp.Column) and isinstance(literal, exp.Literal) and literal.is_string:
            found.setdefault(literal.name, []).append(node)
    return found


def _is_measure(column: Column) -> bool:
    """Whether it is a number that says how much, not which one."""
    return column.type.startswith(_NUMBER) and not column.is_primary_key and not column.references


def _words_of(name: str) -> str:
    return rf"\b{re.escape(name.replace('_', ' '))}\b"


def _times(name: str, question: str) -> int:
    return len(re.findall(_words_of(name), question, re.IGNORECASE))
