"""`python -m tests.support.shared_port PORT COUNT [SETTINGS]`: processes that echo on one port.

A C-STORE is answered with the process's id as its comment. What happens is told on stdout. Whether
each still runs is looked at twice a second.
`SETTINGS`: of receive, beside the number of processes, as JSON.
"""

import json
import os
import sys

from shared import logs
from shared.dimse import processes
from shared.dimse.acceptor import Acceptor
from shared.dimse.dealing import Seat
from shared.dimse.ports import probe
from shared.dimse.run import serve
from shared.dimse.service import Respond, Response
from shared.sections import LogSettings, Receive
from tests.support.acceptor import Received, RecordingService


async def _name(received: Received, respond: Respond) -> None:
    del received
    await respond(Response(0, comment=str(os.getpid())))


def _tell(line: str) -> None:
    os.write(1, line.encode())  # whole, whoever else writes


def main(port: int, count: int, more: str = "{}") -> int:
    logs.configure(LogSettings(), "test")
    settings = Receive(host="127.0.0.1", port=port, processes=count, **json.loads(more))
    try:
        probe(settings)
    except OSError as error:
        sys.stderr.write(f"cannot listen on {port}: {os.strerror(error.errno or 0)}\n")
        return 1

    def one(number: int, seat: Seat | None) -> int:
        service = RecordingService(answering=_name)
        acceptor = Acceptor([service], settings, host="127.0.0.1", port=port)
        acceptor.seat = seat
        serve(acceptor, lambda _: _tell(f"serving {number}\n"))
        return 0

    processes.LOOK = 0.5
    return processes.share(count, one)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:]))
