"""A benchmark folder of two tables, for the tests of `python -m training.benchmarks text_to_sql`."""

import json
from pathlib import Path

SCHEMA = """create schema zoo;
create table zoo.keeper (keeper_id integer primary key, name text);
create table zoo.animal (animal_name text, legs integer, keeper_id integer references zoo.keeper (keeper_id));
"""
KEEPERS = "keeper_id,name\n1,ada\n2,\n"
ANIMALS = "animal_name,legs,keeper_id\nhen,2,1\nant,6,2\ncat,4,1\neel,0,\n"


def pair_rows() -> list[dict]:
    """24 pairs to learn from in each split; four to judge in each, of which the query split's have a template apart."""
    counted = "SELECT COUNT(animal_0.animal_name) FROM animal AS animal_0 WHERE animal_0.legs > {}"
    listed = "SELECT animal_0.animal_name FROM animal AS animal_0 WHERE animal_0.legs = {}"
    rows = []
    for number in range(28):
        part = "dev" if number < 4 else "train"
        rows.append((f"how many animals have more than {number} legs", counted.format(number), part, "train"))
    for number in range(4):
        rows.append((f"which animals have {number} legs", listed.format(number), "train", "dev"))
    return [
        {"id": f"z{place}", "template": 0, "question": q, "sql": s, "question_split": one, "query_split": other}
        for place, (q, s, one, other) in enumerate(rows)
    ]


def write_benchmark(folder: Path, rows: list[dict] | None = None) -> Path:
    """Writes the folder and returns it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "schema.sql").write_text(SCHEMA)
    (folder / "keeper.csv").write_text(KEEPERS)
    (folder / "animal.csv").write_text(ANIMALS)
    lines = "".join(json.dumps(row) + "\n" for row in (pair_rows() if rows is None else rows))
    (folder / "pairs.jsonl").write_text(lines)
    return folder
