"""For all tests."""

from hypothesis import settings

# How long an example takes says how busy the machine is; what hangs, pytest-timeout ends.
settings.register_profile("house", deadline=None)
settings.load_profile("house")
