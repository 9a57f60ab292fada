"""How a child says that it serves."""

import sys

from standalone.ready import Announced

TWICE = """
import os
from standalone.ready import VARIABLE
os.write(int(os.environ[VARIABLE]), b"here:104\\nhere:104\\n")
"""


def test_processes_that_share_a_port_say_the_same_once_each() -> None:
    with Announced([sys.executable, "-c", TWICE]) as child:
        assert child.wait_ready(20) == "here:104"
