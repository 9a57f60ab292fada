"""Media types of answers: what is asked for is the site's to say, what comes is understood."""

from pathlib import Path

import pytest

from shared.errors import Misconfigured
from tests.support import answers
from tests.support.instances import make
from tests.support.origin_server import Exchange, OriginServer
from tests.support.origins import destination
from uploader.origin import Origin


def only_xml(exchange: Exchange) -> None:
    wanted = exchange.headers["Accept"] == "application/dicom+xml"
    (answers.partial(as_xml=True) if wanted else answers.status(406))(exchange)


def test_a_server_that_speaks_only_xml_is_asked_for_it_where_the_site_says_so(
    origin_server: OriginServer, tmp_path: Path
) -> None:
    origin_server.always = only_xml
    made = make(tmp_path)
    asked, unasked = (
        Origin(destination(origin_server.uri, accept=each)) for each in ("xml", "json")
    )

    [outcome] = asked.store([made.path])
    with pytest.raises(Misconfigured, match="406"):
        unasked.store([made.path])

    assert outcome.delivered
    asked.close()
    unasked.close()
