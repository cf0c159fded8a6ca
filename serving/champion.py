"""Loads the champion: resolves the alias, decrypts the adapter, puts it on its base model. Called by `__main__`."""

import structlog

from serving.service import Champion
from serving.settings import Settings

log = structlog.get_logger(__name__)


def load_champion(settings: Settings) -> Champion:
    """Load the adapter that the alias `champion` points to.

    The decrypted files are gone again when this returns; the merged weights stay in memory.

    Raises:
        StartupError: There is no champion, or it cannot be decrypted or loaded.
    """
