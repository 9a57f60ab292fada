"""HTTP/2 servers that change their mind, talk without end, or say what no server may say."""

import time
from collections.abc import Iterator

import pytest
from h2.errors import ErrorCodes
from h2.settings import SettingCodes

from shared.dicomweb.network import CHATTER
from shared.errors import Unavailable
from tests.support.certificates import Certificates
from tests.support.http2_server import BIG, Answer, Http2Server, Talk, at, good
from tests.support.instances import make
from tests.support.waiting import wait_until


@pytest.fixture
def server(tls: Certificates) -> Iterator[Http2Server]:
    with Http2Server(tls.server()) as running:
        yield running


def shrinking(talk: Talk, ended: bool) -> None:
    """Wants less at once than it said first: the window is then below zero (RFC 9113 6.9.2)."""
    if not ended:
        talk.h2.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: 1000})
        talk.flush()
        time.sleep(0.3)  # until it is heard, and nothing of the body was taken
        for stream in (None, talk.stream):
            talk.h2.increment_flow_control_window(2 * BIG, stream)
    good(talk, ended)


def test_a_window_below_zero_loses_nothing(server: Http2Server, tls: Certificates) -> None:
    made = make(tls.folder, size=BIG)
    server.script.append(shrinking)
    origin = at(server, tls)

    [outcome] = origin.store([made.path])

    assert outcome.delivered
    assert server.holdings.held[made.uid].part_sha256 == made.part_sha256
    origin.close()


def refuse_answered(talk: Talk, ended: bool) -> None:
    """Says that it did not look at what it answers."""
    if ended:
        talk.h2.send_headers(talk.stream, [(":status", "200")])
        talk.flush()
        talk.h2.reset_stream(talk.stream, ErrorCodes.REFUSED_STREAM)


def leave_answered(talk: Talk, ended: bool) -> None:
    if ended:
        talk.h2.send_headers(talk.stream, [(":status", "200")])
        talk.goaway(last=0)


def no_number(talk: Talk, ended: bool) -> None:
    if ended:
        talk.h2.send_headers(talk.stream, [(":status", "two")], end_stream=True)


@pytest.mark.parametrize("answer", [refuse_answered, leave_answered, no_number])
def test_an_answer_that_contradicts_itself_holds_the_destination(
    server: Http2Server, tls: Certificates, answer: Answer
) -> None:
    server.script.append(answer)
    origin = at(server, tls, timeout=2.0)

    with pytest.raises(Unavailable):
        origin.store([make(tls.folder).path])
    origin.close()


def chattering(talk: Talk, ended: bool) -> None:
    """Frames of an extension without end, which must be ignored (RFC 9113 5.5)."""
    if not ended:
        talk.chatter()


def chattering_afterwards(talk: Talk, ended: bool) -> None:
    if ended:
        talk.store()
        talk.chatter()


@pytest.mark.timeout(30)
def test_a_server_that_talks_while_it_should_listen_is_broken_off(
    server: Http2Server, tls: Certificates
) -> None:
    server.script.append(chattering)
    origin = at(server, tls)

    with pytest.raises(Unavailable):
        origin.store([make(tls.folder, size=BIG).path])
    origin.close()


@pytest.mark.timeout(30)
def test_a_connection_on_which_the_server_never_stops_talking_is_not_used_again(
    server: Http2Server, tls: Certificates
) -> None:
    server.script.append(chattering_afterwards)
    origin = at(server, tls)

    [first] = origin.store([make(tls.folder, 1).path])
    # What was not said yet nobody can heed: the second request would be sent to deaf ears.
    wait_until(lambda: server.chattered > 2 * CHATTER, 10, "more to be there than is listened to")
    [second] = origin.store([make(tls.folder, 2).path])

    assert first.delivered
    assert second.delivered
    assert server.connections == 2
    origin.close()
