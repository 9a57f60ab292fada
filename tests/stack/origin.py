"""The scripted origin server in a container: answers after LATENCY seconds, counts every store.

`GET /stores` lists the SOP Instance UIDs of all stores in their order, those sent twice included.
"""

import os
import signal
import threading

from tests.support.origin_server import Exchange, OriginServer

PORT = 4010  # as the image's health check expects


def tell(exchange: Exchange) -> bool:
    if exchange.path not in {"/stores", "/readyz"}:
        return False
    holdings = exchange.origin.holdings
    with holdings.lock:
        stores = list(holdings.stores)
    exchange.respond_json(200, stores if exchange.path == "/stores" else {})
    return True


def main() -> None:
    ending = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ending.set())
    origin = OriginServer(host="0.0.0.0", port=PORT, keep_bytes=False, gate=tell)
    origin.latency = float(os.environ["LATENCY"])
    with origin:
        ending.wait()


if __name__ == "__main__":
    main()
