"""The settings that hold now: read again on SIGHUP, and when their file has changed."""

import threading
from pathlib import Path

from shared import hangup
from shared.config import Settings
from shared.reload import newest


class Current:
    def __init__(self, settings: Settings, config: Path | None) -> None:
        self._settings = settings
        self._config = config
        self._renewing = threading.Lock()

    def __call__(self) -> Settings:
        return self._settings

    def renew_on_signal(self) -> None:
        """In a thread: whoever is interrupted by a signal may just be writing to the log."""
        hangup.handle(lambda *_: threading.Thread(target=self.renew, daemon=True).start())

    def renew(self) -> None:
        """Destinations and all else that needs no restart, as the services do it."""
        with self._renewing:
            self._settings = newest(self._config, self._settings)
