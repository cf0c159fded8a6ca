"""Reading the dataset folder, and laying pairs out in batches."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.training.small_dataset import pair_rows, write_dataset
from training.data import Example, bucketed_batches, collate, cut_by_tokens, load_dataset
from training.errors import BadInput

LENGTHS = st.lists(st.integers(1, 200), min_size=1, max_size=80)


def test_parts_of_a_dataset_do_not_overlap(tmp_path):
    dataset = load_dataset(write_dataset(tmp_path))
    parts = [dataset.training, dataset.validation, *map(dataset.held_out, ("question_split", "template_split"))]
    assert [len(part) for part in parts] == [24, 3, 3, 3]
    assert len({pair.id for part in parts for pair in part}) == 33


@pytest.mark.parametrize("name", ["pairs.jsonl", "catalog.json", "manifest.json"])
def test_missing_file_is_named(tmp_path, name):
    (write_dataset(tmp_path) / name).unlink()
    with pytest.raises(BadInput, match=name):
        load_dataset(tmp_path)


def test_broken_line_is_not_quoted(tmp_path):
    (write_dataset(tmp_path) / "pairs.jsonl").write_text('{"id": "p", "input": "ask ada@example.com')
    with pytest.raises(BadInput, match="broken") as caught:
        load_dataset(tmp_path)
    assert "ada" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_too_few_pairs(tmp_path):
    with pytest.raises(BadInput, match="19 training pairs"):
        load_dataset(write_dataset(tmp_path, pair_rows(training=19)))


def test_batch_predicts_each_answer_token_from_the_one_before():
    batch = collate([50, 51], [Example((1, 2, 3), (4, 5)), Example((6,), (7, 8, 9))])
    row = batch.input_ids[0].tolist()
    assert row == [50, 51, 1, 2, 3, 4, 6, 7, 8]
    assert batch.position_ids[0].tolist() == [0, 1, 2, 3, 4, 5, 2, 3, 4]
    assert [row[place] for place in batch.answer_positions.tolist()] == [3, 4, 6, 7, 8]
    assert batch.targets.tolist() == [4, 5, 7, 8, 9]


@given(LENGTHS, st.integers(1, 16), st.one_of(st.none(), st.integers(0, 5)))
def test_every_example_is_in_exactly_one_batch(lengths, size, seed):
    batches = bucketed_batches(lengths, size, seed)
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    assert len(batches) == -(-len(lengths) // size)
    assert batches == bucketed_batches(lengths, size, seed)


@given(LENGTHS, st.integers(50, 500))
def test_parts_stay_within_the_limit(lengths, limit):
    parts = cut_by_tokens(lengths, limit)
    assert [index for part in parts for index in part] == list(range(len(lengths)))
    assert all(len(part) == 1 or sum(lengths[index] for index in part) <= limit for part in parts)


@given(LENGTHS, st.integers(50, 500))
def test_no_part_could_take_the_next_example_too(lengths, limit):
    parts = cut_by_tokens(lengths, limit)
    for part, following in itertools.pairwise(parts):
        assert sum(lengths[index] for index in part) + lengths[following[0]] > limit


def test_batches_hold_pairs_of_near_length():
    lengths = [10, 200] * 64
    waste = [
        max(lengths[i] for i in batch) - min(lengths[i] for i in batch) for batch in bucketed_batches(lengths, 8, 1)
    ]
    assert max(waste) == 0
