"""Finds the base model that an adapter was trained on. Used by `champion` and by the command that starts engines."""

from pathlib import Path

from serving.settings import Settings


def find_base_model(name: str, settings: Settings) -> str:
    """Find the base model that an adapter was trained on; a run records a file's or folder's name without its place.

    Args:
        name: As the run recorded it: a file name, a folder name or a Hugging Face id.
        settings: Its `base_model` is taken where it has that name, else what lies in `<home>/models`.

    Returns:
        A path or an id to load.
    """
    configured = settings.base_model
    if configured is not None and name in (configured, Path(configured).name):
        return configured
    local = settings.home / "models" / name
    return str(local) if local.exists() else name
