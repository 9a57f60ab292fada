"""multipart/related read as it arrives (RFC 2046 5.1): parts go to a sink, never into memory."""

from email.message import Message
from enum import Enum, auto
from typing import Protocol

MAX_HEAD = 16384  # bytes of a part's header fields, or of a preamble: far above what clients send


class MalformedMultipart(ValueError):
    """Not what its Content-Type says."""


class PartSink(Protocol):
    def begin(self, content_type: str) -> None: ...

    def write(self, data: bytes) -> None: ...

    def end(self) -> None: ...


class _State(Enum):
    PREAMBLE = auto()
    DELIMITER = auto()  # just behind a boundary: is it the last?
    HEADERS = auto()
    BODY = auto()
    EPILOGUE = auto()


class MultipartReader:
    def __init__(self, boundary: str, sink: PartSink) -> None:
        self._delimiter = b"\r\n--" + boundary.encode("ascii")
        self._sink = sink
        self._buffer = bytearray(b"\r\n")  # the first boundary may stand at the very beginning
        self._state = _State.PREAMBLE
        self._steps = {
            _State.PREAMBLE: self._preamble,
            _State.DELIMITER: self._after_delimiter,
            _State.HEADERS: self._headers,
            _State.BODY: self._body,
        }

    def feed(self, data: bytes) -> None:
        if self._complete():
            return
        self._buffer += data
        while not self._complete() and self._steps[self._state]():
            pass

    def close(self) -> None:
        """Raise MalformedMultipart unless the closing boundary was seen."""
        if not self._complete():
            raise MalformedMultipart("the body ends before its closing boundary")

    def _complete(self) -> bool:
        return self._state is _State.EPILOGUE

    # Each step returns whether it got anywhere: False waits for more data.

    def _preamble(self) -> bool:
        found = self._buffer.find(self._delimiter)
        if found < 0:
            self._bounded("no boundary where the Content-Type promises one")
            return False
        del self._buffer[: found + len(self._delimiter)]
        self._state = _State.DELIMITER
        return True

    def _after_delimiter(self) -> bool:
        if self._buffer.startswith(b"--"):
            self._state = _State.EPILOGUE
            return True
        end = self._buffer.find(b"\r\n")
        if end < 0:
            self._bounded("a boundary line without an end")
            return False
        if self._buffer[:end].strip(b" \t"):
            raise MalformedMultipart("text behind a boundary")
        # The line's own CRLF stays: with no header fields it is half of the empty line.
        del self._buffer[:end]
        self._state = _State.HEADERS
        return True

    def _headers(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            self._bounded("header fields of a part without an end")
            return False
        content_type = ""
        for line in bytes(self._buffer[:end]).decode("latin-1").split("\r\n"):
            name, _, value = line.partition(":")
            if name.strip().lower() == "content-type":
                content_type = value.strip()
        del self._buffer[: end + 4]
        self._sink.begin(content_type)
        self._state = _State.BODY
        return True

    def _body(self) -> bool:
        found = self._buffer.find(self._delimiter)
        if found < 0:
            # What could be the beginning of a boundary waits for the next fragment.
            safe = len(self._buffer) - len(self._delimiter) + 1
            if safe > 0:
                self._sink.write(bytes(self._buffer[:safe]))
                del self._buffer[:safe]
            return False
        if found:
            self._sink.write(bytes(self._buffer[:found]))
        del self._buffer[: found + len(self._delimiter)]
        self._sink.end()
        self._state = _State.DELIMITER
        return True

    def _bounded(self, fault: str) -> None:
        if len(self._buffer) > MAX_HEAD:
            raise MalformedMultipart(fault)


def media_type(value: str) -> tuple[str, dict[str, str]]:
    """A Content-Type field as its type in small letters and its parameters."""
    message = Message()
    message["Content-Type"] = value
    parameters = message.get_params(failobj=[])[1:]
    return message.get_content_type() if value else "", {
        name.lower(): text for name, text in parameters if isinstance(text, str)
    }
