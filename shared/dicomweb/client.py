"""HTTP clients of a destination."""

import httpx

from shared.destination import Destination
from shared.dicomweb.auth import open_auth
from shared.dicomweb.own_thread import OwnThread
from shared.dicomweb.transport import AsyncTransport, Transport

# gzip alone: some servers send as "deflate" what has no zlib header (RFC 9110 8.4.1.2).
HEADERS = {"User-Agent": "dicomweb-proxy", "Accept-Encoding": "gzip"}


def open_client(destination: Destination) -> httpx.Client:
    """A client that authenticates; raises ConfigurationError if its secrets cannot be used."""
    uri = destination.upload_uri or destination.worklist_uri or ""
    return httpx.Client(
        auth=open_auth(destination),
        transport=Transport(destination, uri, destination.timeout, http2=destination.http2),
        timeout=_timeout(destination),
        headers=HEADERS,
        trust_env=False,
    )


def open_async_client(destination: Destination) -> httpx.AsyncClient:
    """As open_client, for the worklist; the caller bounds the whole exchange in time."""
    uri = destination.worklist_uri or destination.upload_uri or ""
    return httpx.AsyncClient(
        auth=open_auth(destination),
        transport=AsyncTransport(destination, uri),
        timeout=_timeout(destination),
        headers=HEADERS,
        trust_env=False,
    )


async def close(client: httpx.AsyncClient) -> None:
    """What open_async_client opened."""
    await client.aclose()
    thread = getattr(client.auth, "thread", None)
    if isinstance(thread, OwnThread):
        thread.close()


def _timeout(destination: Destination) -> httpx.Timeout:
    connect = min(destination.connect_timeout, destination.timeout)
    return httpx.Timeout(destination.timeout, connect=connect)
