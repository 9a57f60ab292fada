"""Every event of the log, declared once: what it is called, how loud it is, what it carries.

docs/events.md is made from this, and a test reads the source for events that are not here.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Event:
    name: str  # noun.past_verb
    levels: str  # one, or those it may have
    fields: str  # beside timestamp, level and service
    meaning: str
    repeats: bool = False  # a fault that may be logged without end: see shared.repeats


_PEER = "association calling_ae called_ae address"
_OF_ONE = "association calling_ae sop_instance_uid"
_OUTCOME = "verdict http_status failure_reason detail"
_INSTANCE = f"destination instance sop_instance_uid attempts {_OUTCOME}"
_COUNTS = "broken incomplete matches out_of_scope stale truncated unencodable unscheduled"

EVENTS = (
    # Associations
    Event("acceptor.cramped", "warning", "limit wanted",
          "Fewer file descriptors than associations may need: connections beyond are cut off."),
    Event("acceptor.started", "info", "port tls_port max_associations memory_bound", "It listens."),
    Event("admission.promiscuous", "warning", "note", "Whoever reaches the port may connect."),
    Event("association.ended", "info debug", f"how requests failures seconds {_PEER}",
          "The line of an association; debug if it only asked for an echo."),
    Event("association.refused", "warning", f"reason {_PEER}",
          "Rejected: result, source and reason of PS3.8 Table 9-21.", repeats=True),
    Event("association.faulty", "warning", f"reason {_PEER}",
          "The peer broke the protocol; the association was aborted.", repeats=True),
    Event("association.failed", "error", "", "A bug; the connection was closed.", repeats=True),
    Event("connection.not_accepted", "warning", "reason", "Descriptors or memory ran out.",
          repeats=True),
    Event("operation.failed", "error", "association error frames",
          "A bug; the request was answered with a failure.", repeats=True),
    Event("response.unexpected", "warning", "association",
          "A peer sent a response that nothing had asked for.", repeats=True),
    Event("tls.legacy", "warning", "reason", "receive.tls_legacy lets old TLS in."),
    Event("tls.lost", "debug", "address", "A connection ended before its handshake."),
    Event("tls.refused", "warning", "address reason", "A TLS handshake failed.", repeats=True),
    Event("tls.renewed", "info", "", "Changed certificate files are in use."),
    Event("tls.not_renewed", "error", "reason", "Changed certificate files cannot be used; the "
          "old ones are."),
    # Receiving
    Event("receiver.started", "info", "port", "C-STORE is answered."),
    Event("storage.off", "warning", "reason", "No destination takes uploads."),
    Event("instance.kept", "debug", "association size destinations", "Safe on disk."),
    Event("instance.irregular", "info debug", f"rules {_OF_ONE}",
          "Kept although it breaks rules; an association's first of a kind is info."),
    Event("instance.discarded", "warning debug", f"routes reason so_far {_OF_ONE}",
          "A route drops it, and success was answered."),
    Event("instances.discarded", "warning", "reason instances", "How many, at the end."),
    Event("instance.refused", "warning debug", f"status reason {_OF_ONE} {_INSTANCE}",
          "By us (status: of C-STORE) or by a destination, which is tried again."),
    Event("routes.doubtful", "warning", "reason",
          "A route or one of the peers is unreachable or overlaps another."),
    Event("announcements.dropped", "warning", "instances",
          "Redis was away for long, or holds an index that is not ours; a scan finds them.",
          repeats=True),
    # Spool
    Event("spool.opened", "info", "size free soft_reserve hard_reserve",
          "Bytes of the volume, and what of it is left free."),
    Event("spool.recovered", "info", "partial_files", "What a crash left half received is gone."),
    Event("spool.full", "warning", "reason", "At start; C-STORE is answered 0xA700."),
    Event("spool.read_only", "error", "reason",
          "At start of an uploader: it sends, and what was delivered cannot be removed."),
    Event("spool.pressed", "warning", "reason refused",
          "Free space is below spool.soft_reserve or hard_reserve; what is refused."),
    Event("spool.relieved", "info", "", "There is space again."),
    Event("spool.scanned", "info", "instances added", "The index lacked some of what is kept."),
    Event("spool.not_scanned", "error", "reason", "The spool cannot be read.", repeats=True),
    Event("segment.damaged", "error", "segment offset",
          "Something in a segment is no instance any more: spool check --repair sets it aside."),
    Event("instance.damaged", "error", "instance",
          "It was delivered, and what is left of it in its segment is damaged: see spool check."),
    Event("segment.unreadable", "error", "segment reason",
          "A segment of the spool cannot be read; what is in it waits."),
    Event("segments.failed", "error", "", "A fault of ours; the C-STOREs concerned are refused."),
    Event("spool.unrouted", "warning", "destination",
          "Instances are kept for a destination that is configured no more."),
    Event("delivered.not_kept", "warning", "reason",
          "What was delivered was removed at once: spool.keep_delivered has no place for it.",
          repeats=True),
    Event("delivered.sacrificed", "warning", "destination hour",
          "Kept copies of what was delivered were deleted for space."),
    Event("ledger.failed", "warning", "reason", "The ledger of deliveries cannot be written.",
          repeats=True),
    Event("quarantine.dropped", "warning", "destination instance",
          "Deleted by spool.quarantine_age or quarantine_bytes."),
    Event("quarantine.record_lost", "warning", "reason", "The record of why cannot be written.",
          repeats=True),
    Event("retention.failed", "warning", "reason", "Old files cannot be deleted.", repeats=True),
    # The status page
    Event("page.started", "info", "address login", "It is served; whether one can log in."),
    Event("page.in_the_clear", "warning", "note", "Passwords travel without TLS."),
    Event("page.entered", "info", "user address", "Somebody logged in."),
    Event("page.left", "info", "user address", "Somebody logged out."),
    Event("page.login_refused", "warning", "address", "A user and a password that do not belong "
          "together.", repeats=True),
    Event("page.throttled", "warning", "address", "Too many tries to log in.", repeats=True),
    Event("page.passwords_unusable", "error", "reason", "The password file cannot be used; nobody "
          "can log in by it.", repeats=True),
    # Redis and the index
    Event("redis.lost", "warning error", "reason",
          "Nothing is sent until it is back; receiving goes on."),
    Event("redis.found", "info", "", "It answers again."),
    Event("index.begun", "info", "", "Redis knows nothing of us; the spool is scanned."),
    Event("index.put_aside", "warning", "version known",
          "It has a form that this version does not read; the spool is scanned."),
    Event("index.foreign", "error", "key aside",
          "Something else was under a name of ours; it has another name now, and a scan follows."),
    Event("index.reined", "warning", "destination entries",
          "Redis' clock was set back: what would have waited for it is due again."),
    Event("index.dropped", "warning", "reason", "The embedded Redis' file cannot be used."),
    Event("index.not_durable", "warning", "reason", "It has no room for its file, and goes on."),
    Event("index.durable", "info", "", "It writes its file again."),
    # Sending
    Event("uploader.started", "info", "destinations workers", "It sends."),
    Event("uploader.stopping", "info", "", "Requests under way end, none begins."),
    Event("uploads.off", "warning", "reason", "No destination takes uploads."),
    Event("batch.stored", "info", "destination stored duplicates refused bytes seconds",
          "The line of a Store request."),
    Event("destination.held", "warning error", "destination reason seconds faults",
          "Nothing is sent to it for so long; error: someone must act."),
    Event("destination.slow", "warning", "destination reason seconds",
          "It was asked and has not answered for so long."),
    Event("destination.recovered", "info", "destination", "It stores again."),
    Event("instance.quarantined", "error", _INSTANCE,
          "A destination refuses it for good; an operator decides."),
    Event("instance.not_quarantined", "error", "destination reason", "The spool cannot move it.",
          repeats=True),
    Event("instance.not_released", "error", "destination reason",
          "It was stored and cannot be deleted here; that is tried again.", repeats=True),
    Event("instance.postponed", "error", "destination reason",
          "Something here hinders it, such as a full disk; tried again after upload.retry_cap.",
          repeats=True),
    Event("instance.unaccounted", "warning", "destination instance tries reason",
          "Sent alone, it was neither named as stored nor found; it is tried again."),
    Event("lease.ended", "warning", "destination instances",
          "Whoever sent these is gone; they are sent again."),
    Event("lease.not_renewed", "debug", "destination", "Redis did not answer in time."),
    Event("store.failed", "error", "destination", "A bug in sending; it is tried again.",
          repeats=True),
    Event("tick.interrupted", "info", "destination", "Redis went away; the lease brings it back.",
          repeats=True),
    Event("tick.failed", "error", "destination", "A bug in a worker.", repeats=True),
    Event("certificate.renewed", "info", "destination",
          "A changed client certificate or CA file is in use."),
    Event("certificate.not_renewed", "warning", "destination reason",
          "A changed client certificate or CA file cannot be used; what was before holds."),
    Event("token.not_renewed", "warning", "reason seconds_left",
          "An access token is still good, and could not be renewed ahead of its end.",
          repeats=True),
    Event("worker.fell", "warning", "worker exit_code restart_in", "A worker process ended."),
    Event("worker.killed", "warning", "pid", "It did not end in time."),
    # Worklist
    Event("worklist.off", "warning error", "reason",
          "No destination has a worklist; error: its credentials cannot be used."),
    Event("worklist.answered", "info", f"association calling_ae status seconds {_COUNTS}",
          "The line of a query: how many were answered, and left out for what."),
    Event("worklist.tolerated", "info", "association oddities", "The query was odd."),
    Event("worklist.unanswered", "warning", "destination reason",
          "The server did not answer; the device was told so.", repeats=True),
    Event("worklist.stale", "warning", "destination age_seconds reason",
          "The server did not answer; an earlier answer was given.", repeats=True),
    Event("worklist.search_refused", "warning", "destination reason keys retried",
          "The server calls a search wrong; a simpler one is tried."),
    Event("worklist.warned", "info", "destination codes", "The server sent warnings."),
    Event("worklist.item_broken", "error", "association", "A bug; one workitem is left out.",
          repeats=True),
    Event("worklist.failed", "error", "association", "A bug; the query failed.", repeats=True),
    Event("worklist.stopped", "info", f"{_COUNTS} status", "What it had done, by status as well."),
    # Processes
    Event("configuration.reloaded", "info", "", "SIGHUP: the new settings hold."),
    Event("configuration.refused", "error", "mistakes note", "SIGHUP: the old settings hold."),
    Event("configuration.restart_needed", "warning", "sections",
          "SIGHUP: these changes wait for a restart."),
    Event("secret.exposed", "warning", "setting file",
          "At start; everybody on this machine can read that file."),
    Event("process.failed", "error", "number", "A process ended by a bug."),
    Event("process.killed", "warning error", "number process signal", "A process was killed."),
    Event("process.fell", "error", "process exit_code restart_in", "`up`: a process ended."),
    Event("process.restarted", "info", "process", "`up`: it was started again."),
    Event("process.crashed", "critical", "", "A bug that nothing caught."),
    Event("thread.crashed", "critical", "thread", "A bug that nothing caught, in a thread."),
    Event("proxy.stopping", "info", "", "`up`: all processes are told to end."),
    Event("sandbox.chosen", "warning", "note address", "Nothing is configured."),
    Event("sandbox.started", "warning", "note address studies series instances bytes workitems "
          "capacity", "It is no archive."),
    Event("sandbox.stopped", "info", "", "It has ended."),
    # Of the log itself
    Event("audit.failed", "error", "reason", "An audit message cannot be written, and is lost.",
          repeats=True),
    Event("fault.repeated", "warning error",
          "of times seconds destination reason address library place",
          "So many more of that event, which were not shown."),
    Event("library.complained", "debug info warning error critical", "library place text",
          "A library's own words; of those that quote data sets only the place."),
    Event("library.warned", "warning", "category place", "A Python warning.", repeats=True),
)  # fmt: skip

BY_NAME = {each.name: each for each in EVENTS}
REPEATING = frozenset(each.name for each in EVENTS if each.repeats)
