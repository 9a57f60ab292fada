"""Wait for a condition instead of sleeping."""

import time
from collections.abc import Callable


def wait_until(
    predicate: Callable[[], object], timeout: float = 10.0, description: str = "condition"
) -> None:
    """Return once `predicate` is true; after `timeout` seconds raise TimeoutError with the text."""
    deadline = time.monotonic() + timeout
    while not predicate():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {timeout} s: {description}")
        time.sleep(0.01)
