"""A program that does nothing until it is told to end: `python -m tests.support.waits`."""

import signal

if __name__ == "__main__":
    signal.pause()
