"""Which of the files that the settings name a program cannot do without. Where a secret of an
archive cannot be read, nothing can be sent there, and whatever needs no archive goes on.
"""

from collections.abc import Callable
from typing import NamedTuple

from shared.destination import Destination


class Needs(NamedTuple):
    of: Callable[[Destination], bool]  # whose secrets and authorities must be usable
    redis: bool  # whether the password of Redis must be


NOTHING = Needs(lambda _: False, redis=False)
UPLOADS = Needs(lambda each: bool(each.upload_uri), redis=True)
WORKLISTS = Needs(lambda each: bool(each.worklist_uri), redis=False)
EVERYTHING = Needs(lambda _: True, redis=True)
