"""The questions of a benchmark: those of a dataset that no adapter of it was trained on."""

from pathlib import Path

from training.data import load_dataset
from training.errors import BadInput


def read_questions(dataset: Path, count: int) -> list[str]:
    """Chooses questions of the held-out part, as they stand; again from the first where there are too few.

    Args:
        dataset: Folder that the asset `dataset` wrote.
        count: How many.
    """
    pairs = load_dataset(dataset).held_out("question_split")
    if not pairs:
        raise BadInput(f"{dataset} holds no question out; materialize the asset `dataset` again.")
    return [pairs[number % len(pairs)].question for number in range(count)]


def current_dataset(home: Path) -> Path:
    """The dataset that the pipeline wrote last.

    Args:
        home: State folder.

    Raises:
        BadInput: There is none.
    """
    pointer = home / "datasets" / "CURRENT"
    if not pointer.is_file():
        raise BadInput("There is no dataset: run `make run` once, or give a folder with --data.")
    return pointer.parent / pointer.read_text(encoding="utf-8").strip()
