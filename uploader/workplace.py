"""What a worker process works with, whatever the destination."""

from dataclasses import dataclass, field
from threading import Event

from redis import Redis

from shared.broker import connect
from shared.config import Settings
from shared.index import Index
from shared.index_version import IndexVersion
from shared.jobs import Ticks
from shared.sections import Upload
from shared.spool import Spool
from uploader.lease import Lease
from uploader.turns import Turns


@dataclass(frozen=True, slots=True)
class Workplace:
    client: Redis
    spool: Spool
    index: Index
    version: IndexVersion
    turns: Turns
    ticks: Ticks
    lease: Lease
    settings: Upload
    stopping: Event = field(default_factory=Event)  # set: end what is begun, begin nothing


def furnish(settings: Settings) -> Workplace:
    """Connects to nothing yet. Raises ConfigurationError."""
    client = connect(settings.redis)
    index = Index(client)
    return Workplace(
        client=client,
        spool=Spool(settings.spool),
        index=index,
        version=IndexVersion(client),
        turns=Turns(client, settings.upload, several=len(settings.upload_destinations) > 1),
        ticks=Ticks(client),
        lease=Lease(index, settings.upload.lease),
        settings=settings.upload,
    )
