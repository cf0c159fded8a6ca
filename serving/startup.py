"""What must hold before the API listens: a free port, a spool, a warehouse, a champion. Called by `__main__`."""

import socket
import ssl
import tempfile

import psycopg

from serving.settings import Settings
from serving.spool import read_spool_key
from training.key_file import VaultError

_FUNCTIONS = (
    "privacy.keyed_hash(text)",
    "privacy.pseudonymize_text(text)",
    "privacy.pseudonymize_sql(text)",
    "privacy.days_as_in(text,text)",
)
_TABLES = ("raw_serving.requests", "raw_serving.api_keys")


class StartupError(Exception):
    """The API cannot start; the message is one sentence that says what to do."""


def bind(host: str, port: int) -> socket.socket:
    """Take the address before anything slow happens.

    Raises:
        StartupError: The address is taken or not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise StartupError(
            f"Cannot listen on {host}:{port} ({error.strerror}): stop what uses it (`make down`), "
            "or set AUDITUNE_API_HOST and AUDITUNE_API_PORT."
        ) from error
    return listener


def check_spool(settings: Settings) -> None:
    """Prove that rows can wait on disk, encrypted, while the warehouse is away.

    Raises:
        StartupError: The key cannot be used, or the folder cannot be written.
    """
    folder = settings.home / "spool"
    try:
        read_spool_key(settings.home)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except VaultError as error:
        raise StartupError(str(error)) from error
    except OSError as error:
        raise StartupError(
            f"Request rows cannot wait in {folder} ({error.strerror}): make it a folder that this account may write."
        ) from error


def check_tls(settings: Settings) -> None:
    """Prove that the certificate and its key can be used, where there are any.

    Raises:
        StartupError: They cannot.
    """
    if settings.tls_cert is None and settings.tls_key is None:
        return
    if settings.tls_cert is None or settings.tls_key is None:
        raise StartupError("AUDITUNE_TLS_CERT and AUDITUNE_TLS_KEY belong together: set both, or neither.")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        # The empty passphrase keeps an encrypted key from asking the terminal.
        context.load_cert_chain(settings.tls_cert, settings.tls_key, password=lambda: b"")
    except (OSError, ValueError) as error:
        raise StartupError(
            f"The certificate {settings.tls_cert} with the key {settings.tls_key} cannot be used "
            f"({type(error).__name__}): AUDITUNE_TLS_CERT and AUDITUNE_TLS_KEY must be PEM files that fit each other, "
            "the key without a passphrase."
        ) from error


def check_warehouse(settings: Settings) -> None:
    """Prove that both roles can connect and that the warehouse has what the request log needs.

    Raises:
        StartupError: It has not.
    """
    with connect(settings.reader_dsn, "AUDITUNE_READER_DSN"):
        pass
    with connect(settings.api_dsn, "AUDITUNE_API_DSN") as conn:
        query = "select name from unnest(%s::text[]) as name where to_regprocedure(name) is null"
        missing = [name for (name,) in conn.execute(query, (list(_FUNCTIONS),))]
        query = "select name from unnest(%s::text[]) as name where to_regclass(name) is null"
        missing += [name for (name,) in conn.execute(query, (list(_TABLES),))]
    if missing:
        lacking = ", ".join(missing)
        raise StartupError(f"The warehouse lacks {lacking}: run `make run` once to build it.")


def connect(dsn: str, variable: str) -> psycopg.Connection:
    """Connect to the warehouse.

    Args:
        dsn: Where it is.
        variable: The setting that says so, for the sentence.

    Raises:
        StartupError: It cannot be reached, or the DSN is none.
    """
    try:
        return psycopg.connect(dsn, autocommit=True, connect_timeout=5)
    except psycopg.OperationalError as error:
        raise StartupError(
            f"The warehouse cannot be reached with {variable}: start it (`make up`), or correct the DSN."
        ) from error
    except psycopg.ProgrammingError as error:
        raise StartupError(
            f"{variable} is not a PostgreSQL DSN: write postgresql://user:password@host:port/db."
        ) from error
