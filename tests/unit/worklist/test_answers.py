"""Answers that are kept with their workitem, and those that are too long for it."""

import pytest
from pydicom.uid import ExplicitVRLittleEndian

from tests.support.ups_items import value, yamada
from tests.support.ups_query import encoded, query, settings
from worklist.elements import SYNTAXES
from worklist.question import Query
from worklist.site import Site
from worklist.workitem import Workitem


@pytest.mark.parametrize(("alerts", "kept"), [(1, 1), (200, 0)])
def test_long_answers_are_not_kept(alerts: int, kept: int) -> None:
    site = Site(settings("http://127.0.0.1/workitems"))
    [place] = site.places.values()
    syntax = ExplicitVRLittleEndian
    asked = Query(site, place, "CT01", SYNTAXES[syntax], encoded(query(MedicalAlerts=""), syntax))
    workitem = Workitem(yamada(t00102000=value("LO", *["x" * 60] * alerts)))

    first, second = (asked.answers.encode(workitem) for _ in range(2))

    assert first == second
    assert len(workitem.answers) == kept
