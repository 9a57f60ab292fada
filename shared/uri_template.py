"""Variables in the path of an upload URI: a closed set, escaped, so that whoever sends cannot lead
anywhere but to a segment's other value.
"""

import re
from urllib.parse import urlsplit

from shared.hints import hint
from shared.sender import Sender, escaped

UNKNOWN = "UNKNOWN"  # what stands for a value that is not known
_VARIABLE = re.compile(r"\{([^{}]*)\}")


def has_variables(uri: str) -> bool:
    return "{" in uri


def resolved(uri: str, sender: Sender) -> str:
    """The URI for what came from this sender."""
    if not has_variables(uri):
        return uri
    return _VARIABLE.sub(lambda found: escaped(getattr(sender, found[1]) or UNKNOWN), uri)


def checked(uri: str) -> str:
    """The same URI. Raises ValueError with every mistake."""
    if mistakes := list(_mistakes(uri)):
        raise ValueError("\n".join(mistakes))
    return uri


def _mistakes(uri: str) -> list[str]:
    known = Sender._fields
    unknown = [name for name in _VARIABLE.findall(uri) if name not in known]
    if unknown:
        allowed = ", ".join(f"{{{each}}}" for each in known)
        return [
            f"has no variable {{{name}}}{hint(name, known)}; there are {allowed}"
            for name in unknown
        ]
    rest = _VARIABLE.sub("", uri)
    if "{" in rest or "}" in rest:
        return ["has a brace that belongs to no variable; as itself it is %7B or %7D"]
    parts = urlsplit(uri)
    if has_variables(uri.replace(parts.path, "", 1)):
        return ["may have variables in its path alone"]
    return []
