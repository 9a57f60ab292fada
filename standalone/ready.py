"""How a child process tells its parent that it serves, and where: one line through a pipe."""

import contextlib
import os
import select
import subprocess
import time
from typing import IO

VARIABLE = "STANDALONE_READY_FD"  # number of the pipe's writing end, inherited


def expected() -> bool:
    """Whether there is a parent that listens."""
    return VARIABLE in os.environ


def announce(line: str = "") -> None:
    """Tell the parent, if there is one that listens; at most once."""
    number = os.environ.pop(VARIABLE, "")
    if not number:
        return
    # The parent may be gone, or may have given up waiting.
    with contextlib.suppress(OSError), os.fdopen(int(number), "w", encoding="utf-8") as pipe:
        pipe.write(line + "\n")


class Announced(subprocess.Popen[bytes]):
    """A process that will announce itself."""

    def __init__(
        self,
        arguments: list[str],
        *,
        environment: dict[str, str] | None = None,
        output: IO[bytes] | int | None = None,
        stdin: int | None = None,
        new_session: bool = False,
    ) -> None:
        """`output`: where both its standard streams go; unset: where ours go."""
        self._reader, writer = os.pipe()
        try:
            super().__init__(
                arguments,
                env={**(os.environ if environment is None else environment), VARIABLE: str(writer)},
                pass_fds=(writer,),
                stdin=stdin,
                stdout=output,
                stderr=output,
                start_new_session=new_session,
            )
        finally:
            os.close(writer)

    def wait_ready(self, timeout: float) -> str | None:
        """The announced line; None if it ended or the time passed before it came."""
        deadline = time.monotonic() + timeout
        line = b""
        while not line.endswith(b"\n"):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._reader], [], [], left)[0]:
                return None
            fragment = os.read(self._reader, 4096)
            if not fragment:
                return None
            line += fragment
        return line.decode("utf-8").partition("\n")[0]  # of several processes each says it

    def __del__(self) -> None:
        with contextlib.suppress(OSError, AttributeError):
            os.close(self._reader)
        super().__del__()
