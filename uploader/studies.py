"""The requests to an origin server's studies resource (PS3.18 10), each judged."""

from collections.abc import Container, Sequence
from copy import copy
from pathlib import Path
from typing import Self

import httpx

from shared import tracing
from shared.destination import Destination
from shared.dicomweb.auth import BODY_EXTENSION, seconds_left
from shared.dicomweb.client import open_client
from shared.dicomweb.faults import fault_of, faults
from shared.dicomweb.multipart import Body, PartChanged
from shared.dicomweb.qido import holds
from shared.dicomweb.response import LIMIT_EXTENSION, framed
from shared.errors import Misconfigured
from shared.uid import is_uid
from uploader.comparison import holds_the_same
from uploader.instance import Instance, place
from uploader.judge import Answer, judge
from uploader.outcome import DAMAGED, GONE, Outcome
from uploader.pace import Pace
from uploader.shipment import NotPacked, Shipment

# Bytes of an answer: a Store Instances Response has some 600 an instance, with long URLs and many
# validation errors a few thousand; what is longer is no answer.
ANSWER_BASE = 1024 * 1024
ANSWER_EACH = 32 * 1024
HOPS = 4  # requests, where each is redirected within the host
FOLLOWED = frozenset({307, 308})  # those that keep method and body (RFC 9110 15.4)
NO_UPSERT = frozenset({400, 404, 405, 415, 501})  # PUT is none of PS3.18's methods for studies


class _NotOffered(Exception):
    """The server knows no such method here."""


class Studies:
    def __init__(
        self, destination: Destination, pace: Pace | None = None, *, hashed: bool = False
    ) -> None:
        """`hashed`: as of Shipment."""
        if destination.upload_uri is None:
            raise ValueError("this destination takes no uploads")
        self._uri = destination.upload_uri
        self._destination = destination
        self._pace = pace
        self._hashed = hashed
        self._client = open_client(destination)

    @property
    def token_seconds(self) -> float | None:
        """Until the access token ends; None: there is none."""
        return seconds_left(self._client.auth)

    def at(self, uri: str) -> Self:
        """The same server, with its connections, by another of its destination's URIs."""
        other = copy(self)
        other._uri = uri  # noqa: SLF001  # of the same class
        return other

    def store(self, batch: Sequence[Instance]) -> list[Outcome]:
        """One Store transaction, or another without a file that vanished under our hands."""
        return self._store("POST", batch)

    def replace(self, instance: Instance) -> Outcome | None:
        """Store over what the server holds (Azure's upsert); None if it does not offer that."""
        try:
            [outcome] = self._store("PUT", [instance], unless=NO_UPSERT)
        except _NotOffered:
            return None
        return outcome

    def delete(self, instance: Instance) -> bool:
        """Whether the server, asked for it, no longer holds the instance."""
        where = place(instance)
        if where is None or not all(map(is_uid, where)):  # what deletes takes nothing doubtful
            return False
        answer = self._exchange("DELETE", where.uri(self._uri), None, 1)
        return answer.fault is None and answer.status < httpx.codes.MULTIPLE_CHOICES

    def holds(self, instance: Instance) -> bool | None:
        """By QIDO-RS; None if the server cannot say."""
        where = place(instance)
        return holds(self._client, self._uri, where) if where else None

    def holds_the_same(self, instance: Instance) -> bool | None:
        """By WADO-RS; None if the server does not show what it holds. Raises NotPacked."""
        where = place(instance)
        if where is None:
            return None
        with Shipment(self._destination.transcode) as shipment:
            try:
                part = shipment.part(instance)
                uri = where.uri(self._uri)
                return holds_the_same(self._client, uri, part.chunks(), part.size)
            except PartChanged as changed:
                raise NotPacked(instance.path, _unsent(changed)) from None

    def close(self) -> None:
        self._client.close()

    def _store(
        self, method: str, batch: Sequence[Instance], unless: Container[int] = ()
    ) -> list[Outcome]:
        unsent: dict[Path, Outcome] = {}
        with Shipment(self._destination.transcode, hashed=self._hashed) as shipment:
            while sent := [each for each in batch if each.path not in unsent]:
                try:
                    body = Body([shipment.part(each) for each in sent])
                    answer = self._exchange(method, self._uri, body, len(sent))
                except PartChanged as changed:
                    unsent[changed.path] = _unsent(changed)
                    continue
                except NotPacked as error:
                    unsent[error.path] = error.outcome
                    continue
                if answer.status in unless:
                    raise _NotOffered
                uids = [each.sop_instance_uid for each in sent]
                judged = judge(answer, uids, trust_empty=self._destination.trust_empty_200)
                told = shipment.told(sent, judged)
                return [unsent.get(each.path) or told[each.path] for each in batch]
        return [unsent[each.path] for each in batch]

    def _exchange(self, method: str, uri: str, body: Body | None, instances: int) -> Answer:
        for _ in range(HOPS):
            with faults():
                request = self._client.build_request(
                    method,
                    uri,
                    content=self._pace.over(body) if self._pace and body else body,
                    headers={
                        "Accept": f"application/dicom+{self._destination.accept}",
                        **(body.headers if body else {}),
                        **tracing.headers(),
                    },
                    extensions={
                        LIMIT_EXTENSION: ANSWER_BASE + ANSWER_EACH * instances,
                        BODY_EXTENSION: body,
                    },
                )
                response = self._client.send(request)
            if response.status_code not in FOLLOWED:
                kind = response.headers.get("content-type", "")
                return Answer(
                    response.status_code,
                    kind,
                    response.content,
                    fault_of(response),
                    framed=framed(response),
                )
            uri = _same_host(request.url, response)
        raise Misconfigured("redirects in circles")


def _unsent(changed: PartChanged) -> Outcome:
    return DAMAGED if changed.damaged else GONE


def _same_host(url: httpx.URL, response: httpx.Response) -> str:
    """Credentials and patients go nowhere else, whatever a server says."""
    try:
        target = url.join(response.headers.get("location", ""))
    except httpx.InvalidURL:
        raise Misconfigured(f"redirects to no address ({response.status_code})") from None
    if (target.scheme, target.host, target.port) != (url.scheme, url.host, url.port):
        raise Misconfigured(f"redirects to another host ({response.status_code})")
    return str(target)
