"""`python -m standalone.page`: the page's image runs this; for people there is `dicomweb-proxy`."""

import sys

from shared.config import load
from shared.errors import ConfigurationError, ProxyError
from shared.needs import NOTHING
from standalone.exits import FAILED, UNUSABLE
from standalone.page.server import serve


def main() -> int:
    try:
        settings = load(None, NOTHING)
        serve(settings, settings.page)
    except ConfigurationError as error:
        sys.stderr.writelines(f"configuration: {mistake}\n" for mistake in error.mistakes)
        return UNUSABLE
    except ProxyError as error:
        sys.stderr.write(f"page: {error}\n")
        return FAILED
    return 0
