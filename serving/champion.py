"""Loads the champion: resolves the alias, decrypts the adapter, puts it on its base model. Called by `__main__`."""

import json
import time
from pathlib import Path

import psycopg
import structlog

from serving.base_model import find_base_model
from serving.readable import readable
from serving.service import Champion
from serving.settings import Settings
from serving.startup import StartupError
from training import learnt_sql, registry
from training.checked import CheckedGenerator, as_served
from training.confidence import Calibration
from training.config import config_from_dict
from training.errors import BadInput, TrainingFailed
from training.model import load_adapter, load_base
from training.sql.catalog import Catalog

log = structlog.get_logger(__name__)


def load_champion(settings: Settings, adapter_id: str | None = None) -> Champion:
    """Load an adapter into this process.

    Args:
        settings: Settings of the API.
        adapter_id: The adapter; None takes the one that the alias `champion` points to.

    Returns:
        The adapter. Its decrypted files are gone again; the merged weights and the schema prefix stay in memory.

    Raises:
        StartupError: There is no such adapter, or it cannot be decrypted or loaded.
    """
    started = time.perf_counter()
    try:
        with psycopg.connect(settings.api_dsn, autocommit=True, connect_timeout=5) as conn:
            record = registry.resolve(conn) if adapter_id is None else registry.get_adapter(conn, adapter_id)
            log.info("loading an adapter", adapter_id=record.adapter_id, base_model=record.base_model)
            with registry.load(conn, record, settings.home, used_by="serving") as folder:
                learnt = Catalog.load(folder / "catalog.json")
                catalog = readable(learnt, settings.reader_dsn)
                source = find_base_model(record.base_model, settings)
                calibration = Calibration.load(folder)
                generator = build_generator(source, folder, learnt, catalog)
    except (registry.RegistryError, registry.VaultError, BadInput, TrainingFailed) as error:
        raise StartupError(str(error)) from error
    log.info("adapter loaded", adapter_id=record.adapter_id, seconds=round(time.perf_counter() - started, 1))
    return Champion(
        adapter_id=record.adapter_id,
        base_model=record.base_model,
        catalog=catalog,
        created=int(record.created_at.timestamp()),
        generate=generator,
        calibration=calibration,
    )


def build_generator(base_model: str, folder: Path, catalog: Catalog, readable: Catalog) -> CheckedGenerator:
    """Put a decrypted adapter on its base model, as its own run was configured.

    Args:
        base_model: Path or id of the base model.
        folder: Decrypted bundle.
        catalog: Its catalog.
        readable: What of that its answers may name.

    Raises:
        BadInput: The base model is not here, or the adapter does not fit it.
    """
    run = json.loads((folder / "run.json").read_text())
    config = config_from_dict(run["config"], source="run.json of the adapter")
    model, tokenizer = load_base(base_model, config.dtype, quantization=config.quantization)
    model = load_adapter(model, folder / "adapter")
    return as_served(model, tokenizer, catalog, config, readable, learnt_sql.load(folder))
