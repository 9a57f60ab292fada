"""Names of our keys in Redis. All of a destination's begin with dcm:{destination}:."""

# In the order in which the scripts name them; see the prelude of index.lua.
OF_A_DESTINATION = (
    "urgent",
    "routine",
    "leased",
    "marks",
    "wake",
    "slots",
    "hold",
    "faults",
    "probe",
    "limit",
    "doubt",
    "suspects",
    "refused",
    "totals",
    "figures",
)
EPOCH = "dcm:epoch"  # a random value: gone or changed, the index was lost
SCANS_WANTED = "dcm:scans"  # a counter: whoever dropped something asks for a scan of the spool
LEADER = "dcm:leader"  # the dispatcher that leads, for as long as its lease lasts
UPLOADERS = "dcm:uploaders"  # "id workers" of each uploader, scored by when it counts as gone


def keys(destination: str) -> list[str]:
    return [f"dcm:{{{destination}}}:{name}" for name in OF_A_DESTINATION]
