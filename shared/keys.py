"""Names of our keys in Redis, and their types. All of a destination's begin with dcm:{name}:."""

from collections.abc import Iterable

# In the order in which the scripts name them; see the prelude of index.lua.
_TYPES = {
    "urgent": "zset",
    "routine": "zset",
    "leased": "zset",
    "marks": "hash",
    "wake": "string",
    "slots": "zset",
    "hold": "string",
    "faults": "string",
    "probe": "string",
    "limit": "hash",
    "doubt": "string",
    "suspects": "hash",
    "refused": "set",
    "totals": "hash",
    "figures": "hash",
    "recent": "hash",
    "stuck": "set",
}
EPOCH = "dcm:epoch"  # a random value: gone or changed, the index was lost
VERSION_KEY = "dcm:version"  # of the index: see shared/index_version.py
SCANS_WANTED = "dcm:scans"  # a counter: whoever dropped something asks for a scan of the spool
UPLOADERS = "dcm:uploaders"  # "id workers" of each uploader, scored by when it counts as gone
PRESENCE = 15.0  # seconds after which an uploader that was not heard of counts as gone
RECENT = "dcm:recent"  # what services counted in the last hour: see shared/recent.py
CALLERS = "dcm:callers"  # associations of the last hour, by configured AE titles

LEADER = "dcm:leader:"  # and the names of the destinations

_OTHERS = {UPLOADERS: "zset", RECENT: "hash", CALLERS: "hash", "rq:queues": "set"}


def keys(destination: str) -> list[str]:
    return [key(destination, name) for name in _TYPES]


def key(destination: str, name: str) -> str:
    return f"dcm:{{{destination}}}:{name}"


def leader(destinations: Iterable[str]) -> str:
    """The dispatcher that leads for these destinations, for as long as its lease lasts."""
    return f"{LEADER}{','.join(sorted(destinations))}"


def led(leader: str) -> list[str]:
    """The destinations of a key of that kind."""
    return leader.removeprefix(LEADER).split(",")


def type_of(name: str) -> str:
    """As Redis' TYPE has it."""
    if name in _OTHERS:
        return _OTHERS[name]
    if name.startswith("rq:queue:"):
        return "list"
    return _TYPES.get(name.rpartition(":")[2], "string") if name.startswith("dcm:{") else "string"
