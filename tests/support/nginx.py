"""nginx: HTTP/2 over TLS in front of an origin server of HTTP/1.1, as at many sites."""

import contextlib
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.certificates import Certificates
from tests.support.peers import peer
from tests.support.ports import free_port
from tests.support.waiting import wait_until

CONFIGURATION = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
events {{}}
http {{
  log_format protocol '$server_protocol';
  access_log {folder}/protocols.log protocol;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port} ssl{http2};
    ssl_certificate {certificate};
    ssl_certificate_key {key};
    client_max_body_size 0;
    keepalive_requests {requests};
    location / {{
      proxy_pass http://127.0.0.1:{origin};
      proxy_http_version 1.1;
      proxy_request_buffering off;
      proxy_buffering off;
      {more}
    }}
  }}
}}
"""


@dataclass(frozen=True)
class Nginx:
    port: int
    folder: Path

    @property
    def uri(self) -> str:
        """The studies resource behind it."""
        return f"https://localhost:{self.port}/dicom-web/studies"

    @property
    def protocols(self) -> list[str]:
        """Of each request, such as HTTP/2.0."""
        return (self.folder / "protocols.log").read_text().split()


@contextlib.contextmanager
def nginx(
    tls: Certificates, origin: int, *, requests: int = 1000, http2: bool = True, more: str = ""
) -> Iterator[Nginx]:
    """`origin`: a port; `requests`: on one connection, before GOAWAY; `more`: for its location."""
    program = peer("nginx")
    folder = tls.folder / "nginx"
    folder.mkdir()
    certificate, key = tls.for_server(folder)
    running = Nginx(free_port(), folder)
    configuration = folder / "nginx.conf"
    configuration.write_text(
        CONFIGURATION.format(
            folder=folder,
            port=running.port,
            origin=origin,
            certificate=certificate,
            key=key,
            requests=requests,
            more=more,
            http2=" http2" if http2 else "",
        )
    )
    command = [
        program,
        "-p",
        str(folder),
        "-c",
        str(configuration),
        "-e",
        str(folder / "error.log"),
    ]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: process.poll() is not None or _listens(running.port), 10, "nginx")
        yield running
    finally:
        process.terminate()
        process.wait(10)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
