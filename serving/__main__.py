"""Starts the API. Run as: `python -m serving`."""

import sys

import uvicorn
from pydantic import ValidationError

from serving.app import create_app
from serving.logs import configure_logging
from serving.settings import Settings
from serving.startup import StartupError, bind, check_spool, check_warehouse


def main() -> int:
    """Check what must hold, load the champion, serve until told to stop.

    Returns:
        Exit status: 0 after a normal stop, 1 with one sentence on stderr where the API cannot start.
    """
    configure_logging(sys.stderr)
    try:
        settings = _read_settings()
        listener = bind(settings.api_host, settings.api_port)
        check_spool(settings)
        check_warehouse(settings)
        # Imported here, for it brings torch: what is wrong with the settings or the warehouse shows at once.
        from serving.champion import load_champion

        champion = load_champion(settings)
    except StartupError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    config = uvicorn.Config(create_app(settings, champion), log_config=None, access_log=False)
    uvicorn.Server(config).run(sockets=[listener])
    return 0


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
