"""A receiver whose configuration file changes while it runs."""

from pathlib import Path

from tests.support.ports import free_port
from tests.support.processes import Service
from tests.support.spools import waiting
from tests.support.waiting import wait_until

PATIENCE = 30.0  # seconds


def write(path: Path, *names: str, more: str = "", port: int = 9) -> Path:
    """A file with these destinations; instances go to the last one."""
    places = "".join(
        f'[[destinations]]\nname = "{name}"\nupload_uri = "http://127.0.0.1:{port}/studies"\n'
        for name in names
    )
    path.write_text(f'{more}\n{places}[[routes]]\nupload_to = ["{names[-1]}"]\n')
    return path


def receiver(folder: Path, **more: object) -> Service:
    environment = {
        "CONFIG": folder / "proxy.toml",
        "RECEIVE__HOST": "127.0.0.1",
        "RECEIVE__PORT": free_port(),
        "HEALTH__PORT": 0,
        "RELOAD__WATCH": 0,
        "REDIS__URL": "redis://127.0.0.1:9/0",
        "SPOOL__PATH": folder / "spool",
        "SPOOL__SYNC": "false",
        "SPOOL__SOFT_RESERVE": 0,
        "SPOOL__HARD_RESERVE": 0,
        **more,
    }
    return Service("receiver", folder, environment)


def started(service: Service) -> int:
    wait_until(lambda: service.events("receiver.started"), PATIENCE, "the receiver has started")
    port = service.events("receiver.started")[0]["port"]
    assert isinstance(port, int)
    return port


def kept(folder: Path, destination: str) -> int:
    return len(waiting(folder / "spool", destination))
