"""How bytes reach a destination: TLS, proxy, time limits, bounded answers."""

import re
import ssl
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import certifi
import httpcore
import httpx

from shared.destination import Destination, is_loopback
from shared.dicomweb.network import Backend, Stream
from shared.dicomweb.response import bound
from shared.dicomweb.tls_files import TlsFiles, load_pair, load_trust
from shared.errors import ConfigurationError

# An idle connection is kept a while, since a new one costs two round trips and more; how long the
# server keeps it does not matter, as a connection it closed is noticed before it is used.
LIMITS = httpx.Limits(max_connections=32, max_keepalive_connections=16, keepalive_expiry=60.0)
MINIMUM = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
_KEEP_ALIVE = re.compile(r"timeout=(\d{1,6})")


class Transport(httpx.HTTPTransport):
    def __init__(
        self, destination: Destination, uri: str, patience: float, *, http2: bool = False
    ) -> None:
        """`patience`: seconds; see shared.dicomweb.network. Through a proxy all is HTTP/1.1."""
        context = tls_context(destination)
        proxy = _proxy(uri)
        super().__init__(verify=context, limits=LIMITS, proxy=proxy, trust_env=False)
        self._files = TlsFiles(destination, context)
        backend = Backend(patience)
        if http2 and not proxy:
            from shared.dicomweb.http2_pool import open_pool  # h2, where it is used

            self._pool = open_pool(context, backend, LIMITS)
        else:
            pool: httpcore.ConnectionPool = self._pool
            pool._network_backend = backend  # noqa: SLF001  # httpx 0.28 has no argument for it

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self._files.refresh()
        response = super().handle_request(request)
        stream = response.extensions.get("network_stream")
        timeout = _KEEP_ALIVE.search(response.headers.get("keep-alive", ""))
        if timeout and isinstance(stream, Stream):
            stream.idle_at_most(float(timeout[1]))
        return bound(response, request)


class AsyncTransport(httpx.AsyncHTTPTransport):
    def __init__(self, destination: Destination, uri: str) -> None:
        context = tls_context(destination)
        super().__init__(
            verify=context,
            limits=LIMITS,
            proxy=_proxy(uri),
            trust_env=False,
            http2=destination.http2,
        )
        self._files = TlsFiles(destination, context)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._files.refresh()
        return bound(await super().handle_async_request(request), request)


def tls_context(destination: Destination) -> ssl.SSLContext:
    """The system's trust, the destination's CA file as well, TLS 1.2 or later (PS3.15 BCP 195)."""
    context = ssl.create_default_context()
    paths = ssl.get_default_verify_paths()
    if not paths.cafile and not _filled(paths.capath):  # an image without ca-certificates
        context.load_verify_locations(certifi.where())
    # As Python 3.13 has it, a site may trust an intermediate; but its authority need not keep to
    # every formality of RFC 5280, as few of hospitals' own do. Chain and host name are checked.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.minimum_version = MINIMUM[destination.tls_minimum]
    if destination.ca_file:
        with _mistakes(destination, "ca_file", destination.ca_file, "holds no certificates in PEM"):
            load_trust(context, [destination.ca_file])
    certificate, key = destination.auth.client_certificate_file, destination.auth.client_key_file
    if certificate and key:
        no_pair = "is no certificate in PEM that fits client_key_file"
        with _mistakes(destination, "auth.client_certificate_file", certificate, no_pair):
            load_pair(context, (certificate, key))
    return context


@contextmanager
def _mistakes(destination: Destination, key: str, path: Path, mistake: str) -> Iterator[None]:
    try:
        yield
    except ssl.SSLError as error:
        reason = (error.reason or "").replace("_", " ").lower() or "another format"
        mistake = f"{mistake} ({reason})"
    except OSError as error:
        mistake = f"cannot be read ({error.strerror})"
    else:
        return
    raise ConfigurationError(f"destinations.{destination.name}.{key}: {path}: {mistake}")


def _filled(folder: str | None) -> bool:
    return bool(folder and Path(folder).is_dir() and any(Path(folder).iterdir()))


def _proxy(uri: str) -> str | None:
    """The proxy that the environment names for this address (HTTPS_PROXY, NO_PROXY and so on)."""
    parts = urlsplit(uri)
    host = parts.hostname or ""
    proxies = urllib.request.getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy or is_loopback(uri) or urllib.request.proxy_bypass(host):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"
