"""Background services as they are really started and ended, with small web servers in the place of Dagster's."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dagster_project.embedded.port import free_port, is_taken
from dagster_project.embedded.server import start, status
from dagster_project.services import down as down_module
from dagster_project.services import up as up_module
from dagster_project.services.catalogue import Service, services
from dagster_project.services.down import clean, down
from dagster_project.services.errors import ServiceError
from dagster_project.services.processes import end, pid_file, running_pid, spawn
from dagster_project.services.up import up
from dagster_project.warehouse.settings import Warehouse
from tests.embedded_settings import embedded_settings
from tests.processes import is_alive


def web_server(name: str = "web") -> Service:
    port = free_port()
    command = (sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port))
    return Service(name, "The web server", command, port, "/")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


def replace_services(monkeypatch: pytest.MonkeyPatch, *fakes: Service) -> None:
    monkeypatch.setattr(up_module, "services", lambda environ: fakes)
    monkeypatch.setattr(down_module, "services", lambda environ: fakes)


def test_up_waits_until_it_answers_and_down_leaves_nothing(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    web = web_server()
    replace_services(monkeypatch, web)
    said: list[str] = []
    up(warehouse, os.environ, said.append)
    pid = running_pid(warehouse.home, web)
    assert pid is not None
    assert web.port is not None
    assert up_module.answers(web.port, "/")
    assert f"The web server: http://127.0.0.1:{web.port}" in said
    assert os.getsid(pid) == pid, "Ctrl-C in this terminal would stop it"

    up(warehouse, os.environ, said.append)
    assert running_pid(warehouse.home, web) == pid, "a second `up` leaves it alone"

    environ = {"AUDITUNE_HOME": str(warehouse.home)}
    assert down(environ) == ["The web server"]
    deadline = time.monotonic() + 10  # the kernel may hold a closing connection of it for a moment
    while is_taken(web.port) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not is_taken(web.port)
    assert down(environ) == []


def test_taken_port_is_a_sentence_and_nothing_is_started(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = web_server("first"), web_server("api")
    replace_services(monkeypatch, first, second)
    assert second.port is not None
    with (
        socket.create_server(("127.0.0.1", second.port)),
        pytest.raises(ServiceError, match=rf"Port {second.port} .* is taken .* set AUDITUNE_API_PORT"),
    ):
        up(warehouse, os.environ, lambda sentence: None)
    assert running_pid(warehouse.home, first) is None


def test_service_that_ends_takes_the_others_with_it(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    web = web_server()
    broken = Service("broken", "The broken one", (sys.executable, "-m", "no_such_module_at_all"), free_port(), "/")
    replace_services(monkeypatch, web, broken)
    with pytest.raises(
        ServiceError, match=r"The broken one ended while starting: .*no_such_module_at_all.*broken\.log"
    ):
        up(warehouse, os.environ, lambda sentence: None)
    assert running_pid(warehouse.home, web) is None


def test_children_go_too_even_where_their_parent_is_gone(home: Path) -> None:
    child = "import subprocess, sys, time; subprocess.Popen(['sleep', '600']); time.sleep(600)"
    parent = Service("parent", "The parent", (sys.executable, "-c", child))
    process = spawn(home, parent, os.environ, home)
    pid = process.pid
    deadline = time.monotonic() + 10
    children: list[str] = []
    while not children and time.monotonic() < deadline:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    process.kill()
    process.wait()
    assert end(home, parent) is True
    deadline = time.monotonic() + 10  # a killed process is gone a moment later
    while any(is_alive(int(child)) for child in children):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_pid_file_of_another_program_is_not_obeyed(home: Path) -> None:
    web = web_server()
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as other:
        pid_file(home, web).parent.mkdir()
        pid_file(home, web).write_text(f"{other.pid}\n")
        assert running_pid(home, web) is None
        assert end(home, web) is False
        assert other.poll() is None, "it signalled a program that is not ours"
        other.kill()


def test_clean_removes_the_state_and_only_that(guarded_home: Path) -> None:
    settings = embedded_settings(guarded_home / "state")
    environ = {"AUDITUNE_HOME": str(settings.home)}
    assert clean(environ) is None
    start(settings)
    assert clean(environ) == settings.home
    assert not settings.home.exists()
    assert status(settings).state == "absent"

    precious = guarded_home / "documents"
    precious.mkdir()
    with pytest.raises(ServiceError, match="is not a state folder of auditune: nothing is removed"):
        clean({"AUDITUNE_HOME": str(precious)})
    assert precious.exists()


def test_ports_of_the_services() -> None:
    by_name = {service.name: service for service in services({"AUDITUNE_UI_PORT": "3100"})}
    assert by_name["webserver"].address == "http://127.0.0.1:3100"
    assert by_name["api"].address == "http://127.0.0.1:8000"
    with pytest.raises(ServiceError, match="AUDITUNE_API_PORT is 'none'"):
        services({"AUDITUNE_API_PORT": "none"})
