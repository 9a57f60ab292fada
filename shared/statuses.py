"""DIMSE status codes we answer, named, with their table."""

SUCCESS = 0x0000  # PS3.7 Annex C
PROCESSING_FAILURE = 0x0110  # PS3.7 C.5.11
INVALID_INSTANCE = 0x0117  # PS3.7 C.5.16: a SOP Instance UID that is none
SOP_CLASS_NOT_SUPPORTED = 0x0122  # PS3.7 C.5.6
NOT_AUTHORIZED = 0x0124  # PS3.7 C.5.13
UNRECOGNIZED_OPERATION = 0x0211  # PS3.7 C.5.28

OUT_OF_RESOURCES = 0xA700  # PS3.4 Tables B.2-1, K.4.1-1: the sender keeps its copy and tries again
DATA_SET_MISMATCH = 0xA900  # PS3.4 Tables B.2-1, K.4.1-1
CANNOT_UNDERSTAND = 0xC000  # PS3.4 Table B.2-1; in C-FIND "unable to process", C000 to CFFF
UPSTREAM_REFUSED = 0xC001  # C-FIND: the origin server calls the search wrong (400)
UPSTREAM_DENIED = 0xC002  # C-FIND: 401 or 403
UPSTREAM_UNREADABLE = 0xC003  # C-FIND: an answer that is no DICOM JSON or XML
UPSTREAM_MISCONFIGURED = 0xC004  # C-FIND: 404, 405, redirects: no such service there
UPSTREAM_TOO_MANY = 0xC005  # C-FIND: 413, even for a few

PENDING = 0xFF00  # PS3.4 Table K.4.1-1
CANCELLED = 0xFE00  # PS3.4 Table K.4.1-1
