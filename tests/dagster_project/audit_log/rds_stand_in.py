"""RDS instances with logs, on moto's RDS: it has the instances and lists their log files, but hands none out.

The call that it lacks is added here, to its server's side, as AWS documents it: portions up to a number of lines and of
bytes, a marker for each, a notice where a line was cut. So boto3 sends and parses what it would with AWS.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import boto3
import pytest
from moto import mock_aws
from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.responses import ActionResult
from moto.rds.exceptions import RDSClientError
from moto.rds.models import DBLogFile, RDSBackend, rds_backends
from moto.rds.responses import RDSResponse

REGION = "eu-west-1"
AWS_PORTION_BYTES = 1024 * 1024
CUT = " [Your log message was truncated]\n"


class StandIn:
    """The instances of one region.

    Attributes:
        downloads: The markers that portions were asked for with.
        portion_bytes: The most that is handed out at once.
    """

    def __init__(self) -> None:
        self.downloads: list[str] = []
        self.portion_bytes = AWS_PORTION_BYTES
        self._client = boto3.client("rds", region_name=REGION)

    def reset(self) -> None:
        """Takes away all that was written, and forgets what was asked for."""
        self.downloads.clear()
        self.portion_bytes = AWS_PORTION_BYTES
        for database in rds_backends[DEFAULT_ACCOUNT_ID][REGION].databases.values():
            del database.log_file_manager.log_files[1:]  # the first one is moto's own

    def add_instance(self, name: str, cluster: str | None = None) -> None:
        """Creates an instance, in a cluster of Aurora's where one is named; moto gives it a log of plain text."""
        client = self._client
        options = {"DBInstanceClass": "db.r6g.large", "Engine": "postgres", "AllocatedStorage": 20}
        login = {"MasterUsername": "postgres", "MasterUserPassword": "not-a-secret"}
        if cluster:
            options = {"DBInstanceClass": "db.r6g.large", "Engine": "aurora-postgresql", "DBClusterIdentifier": cluster}
            if not client.describe_db_clusters()["DBClusters"]:
                client.create_db_cluster(DBClusterIdentifier=cluster, Engine="aurora-postgresql", **login)
            login = {}
        client.create_db_instance(DBInstanceIdentifier=name, **options, **login)

    def write(self, instance: str, path: str, text: bytes) -> None:
        """Appends to a log file of an instance."""
        files = _files(instance)
        file = next((file for file in files if file.log_file_name == path), None)
        if file is None:
            file = DBLogFile(path)
            file.text = b""
            files.append(file)
        file.text += text
        file.size, file.last_written = len(file.text), int(time.time() * 1000)

    def delete(self, instance: str, path: str) -> None:
        """Deletes a log file, as RDS does after some days."""
        files = _files(instance)
        files[:] = [file for file in files if file.log_file_name != path]


@contextmanager
def rds_stand_in() -> Iterator[StandIn]:
    """AWS for as long as it lasts; nothing leaves this process."""
    with mock_aws(), pytest.MonkeyPatch.context() as moto:
        stand_in = StandIn()
        moto.setattr(RDSResponse, "download_db_log_file_portion", _answer_with(stand_in), raising=False)
        moto.setattr(RDSBackend, "describe_db_log_files", _list_files)
        moto.setattr(RDSResponse, "describe_db_log_files", _list_in_pages)
        yield stand_in


def _files(instance: str) -> list[DBLogFile]:
    return rds_backends[DEFAULT_ACCOUNT_ID][REGION].databases[instance].log_file_manager.log_files


def _list_files(backend: RDSBackend, db_instance_identifier: str) -> list[DBLogFile]:
    return list(backend.describe_db_instances(db_instance_identifier))[0].log_file_manager.files


def _list_in_pages(response: RDSResponse) -> ActionResult:
    """Two files a page: moto gives all at once."""
    files = response.backend.describe_db_log_files(response.params["DBInstanceIdentifier"])
    start = int(response.params.get("Marker") or 0)
    result: dict = {"DescribeDBLogFiles": files[start : start + 2]}
    if start + 2 < len(files):
        result["Marker"] = str(start + 2)
    return ActionResult(result)


def _answer_with(stand_in: StandIn):
    def download_db_log_file_portion(response: RDSResponse) -> ActionResult:
        path, marker = response.params["LogFileName"], response.params["Marker"]
        files = response.backend.describe_db_log_files(response.params["DBInstanceIdentifier"])
        file = next((file for file in files if file.log_file_name == path), None)
        if file is None:
            raise RDSClientError("DBLogFileNotFoundFault", "DBLog File not found")
        stand_in.downloads.append(marker)
        start = int(marker.rpartition(":")[2])
        lines = file.text[start:].splitlines(keepends=True)[: int(response.params["NumberOfLines"])]
        portion = b"".join(lines)
        end, notice = start + len(portion), ""
        if len(portion) > stand_in.portion_bytes:
            portion, notice = portion[: stand_in.portion_bytes], CUT
            end = start + len(portion)
        return ActionResult({
            "LogFileData": portion.decode(errors="replace") + notice,
            "Marker": f"18:{end}",
            "AdditionalDataPending": end < len(file.text),
        })  # fmt: skip

    return download_db_log_file_portion
