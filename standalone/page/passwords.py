"""The password file: a line for each person, `name:scrypt$N$r$p$salt$hash` (RFC 7914)."""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from pathlib import Path
from threading import Lock

from shared import logs
from shared.file_look import look

COST, BLOCK, PARALLEL = 2**15, 8, 3  # 32 MiB and some 0.2 s for a try
MEMORY = 64 * 1024 * 1024  # bytes that a line may ask for
SALT, LENGTH = 16, 32  # bytes
SHORTEST = 12  # characters of a new password
LONGEST = 1024  # characters of one that is tried

_USER = re.compile(r"[^\s:$\x00-\x1f\x7f][^:$\x00-\x1f\x7f]{0,63}")
_LINE = re.compile(r"([^:]+):scrypt\$(\d{1,8})\$(\d{1,3})\$(\d{1,3})\$([\w+/=]+)\$([\w+/=]+)")
_NOBODY = f"nobody:scrypt${COST}${BLOCK}${PARALLEL}$AAAAAAAAAAAAAAAAAAAAAA==$AAAA"

log = logs.get(__name__)


class Unusable(Exception):
    """The file, with why."""


def is_name(user: str) -> bool:
    return bool(_USER.fullmatch(user)) and user.isprintable()


def line_for(user: str, password: str) -> str:
    """A line for the file."""
    salt = secrets.token_bytes(SALT)
    digest = _scrypt(password, salt, COST, BLOCK, PARALLEL)
    return f"{user}:scrypt${COST}${BLOCK}${PARALLEL}${_text(salt)}${_text(digest)}"


class Passwords:
    """Reads the file again when it has changed. Safe to use from several threads."""

    def __init__(self, file: Path) -> None:
        """Raises Unusable."""
        self._file = file
        self._trying = Lock()  # one at a time: a try takes memory and a processor
        self._lines = _read(file)
        self._seen = look(file)

    def line(self, user: str) -> str | None:
        """What the file says of a user now."""
        now = look(self._file)
        if now != self._seen:
            self._seen = now
            try:
                self._lines = _read(self._file)
            except Unusable as error:
                self._lines = {}  # nobody may log in: it may have been to keep somebody out
                log.error("page.passwords_unusable", reason=str(error))
        return self._lines.get(user)

    def admits(self, user: str, password: str) -> bool:
        """As slow for a user that there is not as for any other."""
        line = self.line(user)
        found = _LINE.fullmatch(line or _NOBODY)
        if found is None or len(password) > LONGEST:
            return False
        _, cost, block, parallel, salt, digest = found.groups()
        with self._trying:
            tried = _scrypt(password, _bytes(salt), int(cost), int(block), int(parallel))
        return hmac.compare_digest(tried, _bytes(digest)) and line is not None


def _read(file: Path) -> dict[str, str]:
    try:
        text = file.read_text("utf-8")
    except OSError as error:
        raise Unusable(error.strerror or "cannot be read") from None
    except UnicodeDecodeError:
        raise Unusable("is no UTF-8 text") from None
    found = {}
    for number, line in enumerate(map(str.strip, text.splitlines()), start=1):
        if line and not line.startswith("#"):
            if not _usable(line):
                raise Unusable(f"line {number} is none that --make-password makes")
            found[line.partition(":")[0]] = line
    return found


def _usable(line: str) -> bool:
    found = _LINE.fullmatch(line)
    if found is None or not is_name(found[1]):
        return False
    cost, block, parallel = map(int, found.group(2, 3, 4))
    try:
        enough = len(_bytes(found[5])) >= 1 and len(_bytes(found[6])) == LENGTH
    except binascii.Error:
        return False
    power = cost > 1 and cost & (cost - 1) == 0 and cost < 2 ** (16 * block)  # RFC 7914 6
    return enough and power and block > 0 and parallel > 0 and 128 * cost * block <= MEMORY


def _scrypt(password: str, salt: bytes, cost: int, block: int, parallel: int) -> bytes:
    return hashlib.scrypt(
        password.encode(),
        salt=salt,
        n=cost,
        r=block,
        p=parallel,
        maxmem=2 * MEMORY,
        dklen=LENGTH,
    )


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
