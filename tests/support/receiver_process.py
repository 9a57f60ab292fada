"""A receiver as a process of its own, without a Redis."""

from pathlib import Path

from tests.support.ports import free_port
from tests.support.processes import Service
from tests.support.waiting import wait_until

CALM = {"SPOOL__SOFT_RESERVE": 0, "SPOOL__HARD_RESERVE": 0}


def receiver(folder: Path, **more: object) -> Service:
    """On a port of its own, with a Redis that is not there."""
    return Service(
        "receiver",
        folder,
        {
            "UPLOAD__URI": "http://127.0.0.1:9/studies",
            "RECEIVE__HOST": "127.0.0.1",
            "RECEIVE__PORT": free_port(),
            "HEALTH__HOST": "127.0.0.1",
            "HEALTH__PORT": free_port(),
            "REDIS__URL": "redis://127.0.0.1:9/0",
            "SPOOL__PATH": folder / "spool",
            "LOG__LEVEL": "debug",
            **CALM,
            **more,
        },
    )


def port_of(service: Service) -> int:
    wait_until(lambda: service.events("receiver.started"), 30, "the receiver has started")
    port = service.events("receiver.started")[0]["port"]
    assert isinstance(port, int)
    return port
