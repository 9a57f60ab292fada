"""`python -m standalone.sandbox`: what the container image runs."""

import sys

from standalone.sandbox.options import main

if __name__ == "__main__":
    sys.exit(main())
