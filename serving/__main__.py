"""Starts the API, or an engine server for it. Run as: `python -m serving` or `python -m serving engine`."""

import sys
from functools import partial

import uvicorn
from pydantic import ValidationError

from serving.adapters import AdapterSource, Champion
from serving.app import create_app
from serving.engines.in_process import InProcess
from serving.engines.server_command import serve_engine
from serving.engines.servers import EngineServers
from serving.logs import configure_logging
from serving.settings import Settings
from serving.startup import StartupError, bind, check_warehouse


def main() -> int:
    """Check what must hold, load the champion, serve until told to stop.

    Returns:
        Exit status: 0 after a normal stop, 1 with one sentence on stderr where it cannot start.
    """
    configure_logging(sys.stderr)
    try:
        settings = _read_settings()
        if sys.argv[1:2] == ["engine"]:
            return serve_engine(settings, sys.argv[2:])
        listener = bind(settings.api_host, settings.api_port)
        check_warehouse(settings)
        champion, source = _load(settings)
    except StartupError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    config = uvicorn.Config(create_app(settings, champion, source), log_config=None, access_log=False)
    uvicorn.Server(config).run(sockets=[listener])
    return 0


def _load(settings: Settings) -> tuple[Champion, AdapterSource]:
    """Loads the champion where the model is; later ones come from the same source."""
    if settings.engine_urls:
        servers = EngineServers(settings)
        return servers.open_champion(), servers
    # Imported here, for it brings torch: what is wrong with the settings or the warehouse shows at once.
    from serving.champion import load_champion

    return load_champion(settings), InProcess(partial(load_champion, settings))


def _read_settings() -> Settings:
    try:
        return Settings.from_environment()
    except ValidationError as error:
        names = ", ".join(f"AUDITUNE_{'_'.join(str(part) for part in item['loc']).upper()}" for item in error.errors())
        raise StartupError(
            f"These settings are missing or wrong: {names}. Run `make run` once, or set them in the environment."
        ) from None  # pydantic's own text shows the values, and DSNs hold passwords


if __name__ == "__main__":
    sys.exit(main())
