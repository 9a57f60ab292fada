"""What can go wrong, drawn once.

What befalls one instance is no exception but a value: see uploader.outcome.

* ProxyError
  * ConfigurationError   the settings cannot be used: every mistake, exit code 2
  * SpoolError           the spool cannot keep an instance: the sender keeps its copy
    * SpoolFull          below a watermark, or no space left
    * SpoolReadOnly      what it holds can be read, and nothing can be changed
  * DestinationFault     the instances are fine: keep them, hold the destination
    * Unavailable        down or unreachable: back off
      * Busy             asks for fewer requests: back off, and send fewer at a time
      * Silent           answers, and stores nothing: of all instances, or of those it was sent
    * Denied             our credentials are not accepted: back off and alert
    * Misconfigured      no such service at this address: back off and alert
"""


class ProxyError(Exception):
    """Any fault this program foresees; its text is fit for a log: no patient data, no secret."""


class ConfigurationError(ProxyError):
    """Mistakes in the settings, each a line that names the key and says what would be right."""

    def __init__(self, *mistakes: str) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


class SpoolError(ProxyError):
    """The instance is not on disk: answer 0xA700 (PS3.4 Table B.2-1)."""


class SpoolFull(SpoolError):
    """Too little space is left."""


class SpoolReadOnly(SpoolError):
    """Its file system takes no changes."""


class DestinationFault(ProxyError):
    """A fault of the whole destination. `reason` is a short plain sentence for operators."""

    def __init__(self, reason: str, *, retry_after: float | None = None) -> None:
        """`retry_after`: seconds the origin server asked us to wait, if it did."""
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after


class Unavailable(DestinationFault):
    """Down or unreachable."""


class Busy(Unavailable):
    """Asks for fewer requests: 429, 503, or a quota."""


class Silent(Unavailable):
    """Answers and stores nothing: of all instances, or only of those it was sent so far."""


class Denied(DestinationFault):
    """Our credentials are not accepted, or could not be had."""


class Misconfigured(DestinationFault):
    """No such service at this address."""
