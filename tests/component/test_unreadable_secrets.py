"""Secrets that cannot be read: what needs the archive waits, receiving goes on. And an open one."""

import signal
from pathlib import Path

import pytest

from tests.support.acceptor import WORKLIST as MWL
from tests.support.data_sets import data_set
from tests.support.origin_server import OriginServer
from tests.support.ports import free_port
from tests.support.processes import Service
from tests.support.proxy import proxy
from tests.support.raw_association import CT, EXPLICIT, Asking, RawAssociation
from tests.support.spools import waiting
from tests.support.waiting import wait_until

MISSING = "cannot be read (No such file or directory)"
PATIENCE = 40  # seconds, of which an uploader's restart may take several


def service(name: str, folder: Path, **more: object) -> Service:
    return Service(
        name,
        folder,
        {
            "UPLOAD__URI": "https://archive.invalid/studies",
            "AUTH__KIND": "basic",
            "AUTH__USERNAME": "proxy",
            "AUTH__PASSWORD_FILE": folder / "password",
            "RECEIVE__HOST": "127.0.0.1",
            "RECEIVE__PORT": free_port(),
            "HEALTH__HOST": "127.0.0.1",
            "HEALTH__PORT": free_port(),
            "REDIS__URL": "redis://127.0.0.1:9/0",
            "SPOOL__PATH": folder / "spool",
            "SPOOL__SOFT_RESERVE": 0,
            "SPOOL__HARD_RESERVE": 0,
            **more,
        },
    )


def store(port: int) -> int:
    with RawAssociation(port) as modality:
        modality.associate()
        return modality.store(data_set()).status


def offers_worklist(port: int) -> bool:
    with RawAssociation(port) as modality:
        accepted = modality.associate(Asking(contexts=[(1, CT, [EXPLICIT]), (3, MWL, [EXPLICIT])]))
    assert accepted.results[1][0] == 0
    return accepted.results[3][0] == 0


def port_of(running: Service) -> int:
    wait_until(lambda: running.events("receiver.started"), PATIENCE, "the receiver has started")
    port = running.events("receiver.started")[0]["port"]
    assert isinstance(port, int)
    return port


def test_the_receiver_keeps_what_comes_and_readiness_says_why_it_waits(tmp_path: Path) -> None:
    with service("receiver", tmp_path) as receiver:
        assert store(port_of(receiver)) == 0x0000
        status, answer = receiver.ready()

        assert len(waiting(tmp_path / "spool")) == 1
        assert (status, answer["status"]) == (200, "ok")
        assert answer["uploads"] == f"auth.password_file: {tmp_path / 'password'}: {MISSING}"

        (tmp_path / "password").write_text("secret\n")
        assert "uploads" not in receiver.ready()[1]


def test_the_receiver_needs_no_password_of_redis_either(tmp_path: Path) -> None:
    with service("receiver", tmp_path, REDIS__PASSWORD_FILE=tmp_path / "redis") as receiver:
        assert store(port_of(receiver)) == 0x0000

        wait_until(lambda: receiver.events("redis.lost"), PATIENCE, "that Redis is not there")
        [told] = receiver.events("redis.lost")
    assert "redis.password_file" in str(told["reason"])


@pytest.mark.parametrize(
    ("name", "more"),
    [("uploader", {}), ("worklist", {"WORKLIST__URI": "https://archive.invalid/workitems"})],
)
def test_whoever_needs_the_secret_refuses_to_start(
    tmp_path: Path, name: str, more: dict[str, object]
) -> None:
    with service(name, tmp_path, **more) as refusing:
        assert refusing.process
        assert refusing.process.wait(PATIENCE) == 2

    assert refusing.log == f"auth.password_file: {tmp_path / 'password'}: {MISSING}\n"


def test_a_secret_that_everybody_can_read_is_told_at_start(tmp_path: Path) -> None:
    (password := tmp_path / "password").write_text("secret\n")
    password.chmod(0o644)
    with service("uploader", tmp_path) as uploader:
        wait_until(lambda: uploader.events("uploader.started"), PATIENCE, "the uploader starts")
        [told] = uploader.events("secret.exposed")

    assert (told["setting"], told["file"]) == ("auth.password_file", str(password))


def test_the_worklist_needs_no_secret_of_an_archive_for_uploads_alone(tmp_path: Path) -> None:
    (tmp_path / "proxy.toml").write_text(
        '[[destinations]]\nname = "archive"\nupload_uri = "https://archive.invalid/studies"\n'
        f'auth = {{ kind = "bearer_file", token_file = "{tmp_path}/token" }}\n'
        '[[destinations]]\nname = "lists"\nworklist_uri = "https://lists.invalid/workitems"\n'
    )
    settings: dict[str, object] = {
        "CONFIG": tmp_path / "proxy.toml",
        "WORKLIST__HOST": "127.0.0.1",
        "WORKLIST__PORT": free_port(),
        "HEALTH__PORT": free_port(),
    }
    with Service("worklist", tmp_path, settings) as running:
        running.wait_ready()


def test_all_in_one_receives_and_sends_once_the_secret_is_there(
    tmp_path: Path, origin_server: OriginServer
) -> None:
    password = tmp_path / "password"
    settings: dict[str, object] = {
        "UPLOAD__URI": origin_server.uri,
        "WORKLIST__URI": origin_server.uri.replace("studies", "workitems"),
        "AUTH__KIND": "basic",
        "AUTH__USERNAME": "proxy",
        "AUTH__PASSWORD_FILE": password,
    }
    with proxy(tmp_path, **settings) as running:
        assert store(running.port) == 0x0000
        assert len(waiting(running.spool)) == 1
        assert f"  uploads wait   auth.password_file: {password}: {MISSING}" in running.logged()
        assert "worklist.off" in running.logged()
        assert not offers_worklist(running.port)
        assert not origin_server.requests

        password.write_text("secret\n")
        running.process.send_signal(signal.SIGHUP)
        wait_until(lambda: offers_worklist(running.port), PATIENCE, "the worklist is back")
        wait_until(lambda: origin_server.held, PATIENCE, "the instance is stored")
    assert running.process.returncode == 0
