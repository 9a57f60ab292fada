"""`python -m worklist`: a door; the program is imported once SIGHUP does no harm."""

import sys

from shared import hangup

if __name__ == "__main__":
    hangup.keep()
    from worklist.program import main

    sys.exit(main())
