"""pynetdicom's AE with its default options, each instance written to a file.

`python -m bench.peers.stock_pynetdicom PORT FOLDER` is the server itself.
"""

import sys
from itertools import count
from pathlib import Path

from bench.site import Site, free_port


def launch(site: Site) -> int:
    port = free_port()
    argv = [sys.executable, "-m", __name__, str(port), site.made("out")]
    site.start("pynetdicom", argv)
    site.wait_for("pynetdicom", port)
    return port


def serve(port: int, folder: Path) -> None:
    from pynetdicom import AE, ALL_TRANSFER_SYNTAXES, AllStoragePresentationContexts, evt

    numbers = count()

    def on_c_store(event: evt.Event) -> int:
        (folder / f"{next(numbers)}.dcm").write_bytes(event.encoded_dataset())
        return 0

    entity = AE()
    for context in AllStoragePresentationContexts:
        entity.add_supported_context(context.abstract_syntax or "", ALL_TRANSFER_SYNTAXES)
    entity.start_server(("127.0.0.1", port), evt_handlers=[(evt.EVT_C_STORE, on_c_store)])


if __name__ == "__main__":
    serve(int(sys.argv[1]), Path(sys.argv[2]))
