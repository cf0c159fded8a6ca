"""Starts the API. Run as: `python -m serving`, or `python -m serving COMMAND` for its other commands."""

import sys
from collections.abc import Sequence
from functools import partial

import uvicorn
from fastapi import FastAPI
from pydantic import ValidationError

from serving import commands
from serving.access.connections import LimitedProtocol
from serving.adapters import AdapterSource, Champion
from serving.app import create_app
from serving.engines.in_process import InProcess
from serving.engines.server_command import serve_engine
from serving.engines.servers import EngineServers
from serving.logs import configure_logging
from serving.settings import Settings
from serving.startup import StartupError, bind, check_spool, check_tls, check_warehouse

_IDLE_SECONDS = 5


def main(arguments: Sequence[str] = ()) -> int:
    """Check what must hold, load the champion, serve until told to stop; or run one of the commands.

    Args:
        arguments: The command line without the program's name; empty to serve.

    Returns:
        Exit status: 0 after a normal stop, 1 with one sentence on stderr where it cannot start.
    """
    if arguments and arguments[0] != "engine":
        return commands.run(arguments)
    configure_logging(sys.stderr)
    try:
        settings = _read_settings()
        if arguments:
            return serve_engine(settings, list(arguments[1:]))
        listener = bind(settings.api_host, settings.api_port)
        check_tls(settings)
        check_spool(settings)
        check_warehouse(settings)
        champion, source = _load(settings)
    except StartupError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    uvicorn.Server(server_config(create_app(settings, champion, source), settings)).run(sockets=[listener])
    return 0


def _load(settings: Settings) -> tuple[Champion, AdapterSource]:
    """Loads the champion where the model is; later ones come from the same source."""
    if settings.engine_urls:
        servers = EngineServers(settings)
        return servers.open_champion(), servers
    # Imported here, for it brings torch: what is wrong with the settings or the warehouse shows at once.
    from serving.champion import load_champion

    return load_champion(settings), InProcess(partial(load_champion, settings))


def server_config(app: FastAPI, settings: Settings) -> uvicorn.Config:
    """Configure the HTTP server around an app.

    Args:
        app: The API.
        settings: Its settings.
    """
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        # Uvicorn would believe any process on this machine about the client's address; the gate asks who may say it.
        proxy_headers=False,
        ws="none",
        # On h11, which refuses headers of more than 64 KiB; httptools, which uvicorn prefers, has no limit.
        http=LimitedProtocol,
        ssl_certfile=settings.tls_cert,
        ssl_keyfile=settings.tls_key,
        timeout_keep_alive=_IDLE_SECONDS,
    )


def _read_settings() -> Settings:
    try:
        return Settings.from_environment()
    except ValidationError as error:
        names = ", ".join(f"AUDITUNE_{'_'.join(str(part) for part in item['loc']).upper()}" for item in error.errors())
        raise StartupError(
            f"These settings are missing or wrong: {names}. Run `make run` once, or set them in the environment; "
            "`python -m serving check-config` explains each."
        ) from None  # pydantic's own text shows the values, and DSNs hold passwords


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
