"""The two calls of Amazon's API that read logs, and what may go wrong with them. Called by `rds.py`.

Credentials come from AWS's usual chain: environment, shared files, SSO, the role of the machine or container. They need
`rds:DescribeDBLogFiles` and `rds:DownloadDBLogFilePortion`, for a cluster `rds:DescribeDBInstances` too.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from urllib.parse import parse_qs, urlsplit

from dagster_project.audit_log.errors import AuditLogError

_FORM = "write rds://INSTANCE?region=REGION, for an Aurora cluster rds-cluster://CLUSTER?region=REGION"
_MOST_LINES = 10_000  # RDS's own limit for a portion, beside 1 MB
_CUT = b"[Your log message was truncated]"
_LOG_NAME = re.compile(r"postgresql\.log\..*|postgresql.*\.(csv|json)")
_REFUSED_KEYS = {
    "InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch", "ExpiredToken",
    "ExpiredTokenException", "InvalidAccessKeyId", "AuthFailure", "IncompleteSignature",
}  # fmt: skip


class LogFileGone(Exception):
    """RDS has deleted the file."""


@dataclass(frozen=True)
class RdsAddress:
    """An instance or a cluster, and its region; None: the region of AWS's own settings."""

    identifier: str
    region: str | None
    is_cluster: bool


@dataclass(frozen=True)
class RdsFile:
    """A log file as RDS lists it: its instance, its name there, its size in bytes, its time in ms since 1970."""

    instance: str
    path: str
    size: int
    last_written: int
    region: str

    @property
    def name(self) -> str:
        """What it is called in the warehouse: several instances have files of the same name."""
        return f"{self.instance}/{self.path.rpartition('/')[2]}"

    @property
    def address(self) -> str:
        """What tells it from all others."""
        return f"rds://{self.instance}/{self.path}?region={self.region}"


@dataclass(frozen=True)
class Portion:
    """A piece of a file; the marker of its end, or None where the file may not end there."""

    text: bytes
    marker: str | None


def parse_address(entry: str) -> RdsAddress:
    """Reads an entry of AUDITUNE_AUDIT_LOGS.

    Raises:
        AuditLogError: It has another form.
    """
    parts = urlsplit(entry)
    options = parse_qs(parts.query, keep_blank_values=True)
    is_plain = parts.path in ("", "/") and set(options) <= {"region"} and not parts.fragment
    if not (is_plain and re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", parts.netloc)):
        raise AuditLogError(f"AUDITUNE_AUDIT_LOGS holds {entry}, which is no address in RDS: {_FORM}.")
    region = options.get("region", [""])[0]
    return RdsAddress(parts.netloc, region or None, parts.scheme == "rds-cluster")


def list_files(address: RdsAddress) -> tuple[list[RdsFile], list[str]]:
    """Lists the files that can be read, the oldest first, and says what is left out.

    Raises:
        AuditLogError: AWS refuses, or an instance has no csvlog or jsonlog.
    """
    with _explained(address):
        client = _client(address.region)
        instances = _members(client, address) if address.is_cluster else [address.identifier]
        listed = [
            RdsFile(instance, log["LogFileName"], log["Size"], log["LastWritten"], client.meta.region_name)
            for instance in instances
            for page in client.get_paginator("describe_db_log_files").paginate(DBInstanceIdentifier=instance)
            for log in page["DescribeDBLogFiles"]
            if _LOG_NAME.fullmatch(log["LogFileName"].rpartition("/")[2])
        ]
    files = [file for file in listed if file.path.endswith((".csv", ".json"))]
    if not files:
        raise AuditLogError(
            f"The log of {address.identifier} is neither a csvlog nor a jsonlog: set log_destination = 'csvlog' in its "
            "parameter group."
        )
    notes = []
    if len(files) < len(listed):
        count = len(listed) - len(files)
        what = "1 file" if count == 1 else f"{count} files"
        notes.append(f"{what} of {address.identifier}'s log {'is' if count == 1 else 'are'} plain text: left out.")
    return sorted(files, key=lambda file: (file.last_written, file.path)), notes


def portions(address: RdsAddress, file: RdsFile, marker: str, lines: int = _MOST_LINES) -> Iterator[Portion]:
    """Reads a file in portions that end with a line, as far as RDS lets them.

    A line that would pass 1 MB is cut, and a notice put in its place: it is asked for again with fewer lines before it.
    A line that is longer by itself stays cut; `formats.py` puts it into quarantine by the notice.

    Args:
        address: Where the file is.
        file: The file.
        marker: Where to begin: "0", or what an earlier portion gave.
        lines: How many lines to ask for at a time.

    Raises:
        AuditLogError: AWS refuses.
        LogFileGone: The file is no longer there.
    """
    most = lines
    while True:
        with _explained(address):
            answer = _client(address.region).download_db_log_file_portion(
                DBInstanceIdentifier=file.instance, LogFileName=file.path, Marker=marker, NumberOfLines=lines
            )
        text = (answer.get("LogFileData") or "").encode()
        if lines > 1 and text.rstrip(b"\r\n").endswith(_CUT):
            lines = max(1, min(lines // 2, text.count(b"\n") - 1))
            continue
        is_more, next_marker = answer.get("AdditionalDataPending", False), answer.get("Marker")
        # where the file ends today, RDS's marker may stand a little before: a later run must not read on from there
        yield Portion(text, next_marker if is_more else None)
        if not is_more or not next_marker or next_marker == marker:
            return
        marker, lines = next_marker, most


def _members(client, address: RdsAddress) -> list[str]:
    pages = client.get_paginator("describe_db_instances").paginate(
        Filters=[{"Name": "db-cluster-id", "Values": [address.identifier]}]
    )
    members = [instance["DBInstanceIdentifier"] for page in pages for instance in page["DBInstances"]]
    if not members:
        raise AuditLogError(f"The Aurora cluster {address.identifier} has no instance in {client.meta.region_name}.")
    return members


@cache
def _client(region: str | None):
    """RDS's client; boto3 is loaded where an entry asks for it, since it takes a third of a second."""
    import boto3
    from botocore.config import Config

    retries = {"mode": "adaptive", "total_max_attempts": 8}  # RDS throttles those who read logs
    session = boto3.session.Session(region_name=region)
    return session.client("rds", config=Config(retries=retries, connect_timeout=10))


@contextmanager
def _explained(address: RdsAddress) -> Iterator[None]:
    """Turns AWS's errors into sentences that say what to do."""
    from botocore.exceptions import BotoCoreError, ClientError

    where = f"{address.identifier} in {address.region or 'the region of your AWS settings'}"
    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code.startswith("DBLogFileNotFound"):
            raise LogFileGone from error
        raise AuditLogError(_explain(code, where)) from error
    except BotoCoreError as error:
        raise AuditLogError(_explain(type(error).__name__, where)) from error


def _explain(code: str, where: str) -> str:
    """Says what to do about an error of AWS, told by its code or by its class in botocore."""
    if code.startswith("DBInstanceNotFound"):
        return f"RDS has no instance {where}: correct AUDITUNE_AUDIT_LOGS; {_FORM}."
    if code.startswith("DBInstanceNotReady"):
        return f"The instance {where} is not ready: run again when it is."
    if code.startswith(("AccessDenied", "UnauthorizedOperation")):
        return (
            f"AWS does not let these credentials read the log of {where}: allow them rds:DescribeDBLogFiles and "
            "rds:DownloadDBLogFilePortion (for a cluster, rds:DescribeDBInstances)."
        )
    if code in _REFUSED_KEYS:
        return f"AWS refuses the credentials ({code}): renew them, then run again to read the log of {where}."
    if code == "NoRegionError":
        return f"No AWS region is known for {where}: {_FORM}."
    if "Credentials" in code or "Token" in code or "SSO" in code or code == "ProfileNotFound":
        return (
            f"No AWS credentials are found to read the log of {where} ({code}): set AWS_PROFILE, or AWS_ACCESS_KEY_ID "
            "and AWS_SECRET_ACCESS_KEY, or run where a role is attached."
        )
    if code.startswith("Throttling") or code in ("RequestLimitExceeded", "TooManyRequestsException"):
        return f"AWS limits how often the log of {where} may be read: run again later; what was read is kept."
    if "Connect" in code or "Endpoint" in code or "Timeout" in code:
        return f"AWS cannot be reached to read the log of {where} ({code}): check the region and the network."
    return f"AWS does not hand out the log of {where} ({code}): run again later; what was read is kept."
