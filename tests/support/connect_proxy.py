"""A proxy that tunnels (CONNECT, RFC 9110 9.3.6), wherever it is asked to, to one server."""

import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self


class ConnectProxy:
    """`login`: the Proxy-Authorization header that it wants, if any."""

    def __init__(self, port: int, login: str | None = None) -> None:
        self.port = port
        self.login = login
        self.asked: list[str] = []  # host and port of each CONNECT
        self._server = _Server(self)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "_Server"

    def do_CONNECT(self) -> None:
        proxy = self.server.proxy
        proxy.asked.append(self.path)
        if proxy.login and self.headers.get("Proxy-Authorization") != proxy.login:
            self.send_response(407)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        with socket.create_connection(("127.0.0.1", proxy.port)) as beyond:
            self.send_response(200)
            self.end_headers()
            back = threading.Thread(target=_pass_on, args=(beyond, self.connection), daemon=True)
            back.start()
            _pass_on(self.connection, beyond)
            back.join()
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, proxy: ConnectProxy) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.proxy = proxy


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        """One of the two has gone."""
