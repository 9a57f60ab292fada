"""What is said of a value that no table takes: in words of a configuration, not of a program."""

from collections.abc import Iterator

from pydantic_core import ErrorDetails

UNKNOWN = "extra_forbidden"  # pydantic's name of the mistake

_NUMBER, _WHOLE_NUMBER = "must be a number", "must be a whole number"
_TRUTH, _TABLE = "must be true or false", "must be a table"
# By pydantic's names of mistakes; what is in braces it gives with them.
_SAID = {
    "bool_parsing": _TRUTH,
    "bool_type": _TRUTH,
    "dict_type": _TABLE,
    "enum": "must be {expected}",
    "finite_number": "must be a finite number",
    "float_parsing": _NUMBER,
    "float_type": _NUMBER,
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "int_from_float": _WHOLE_NUMBER,
    "int_parsing": _WHOLE_NUMBER,
    "int_parsing_size": _WHOLE_NUMBER,
    "int_type": _WHOLE_NUMBER,
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "literal_error": "must be {expected}",
    "missing": "is needed",
    "model_type": _TABLE,
    "path_type": "must be a text, the path of a file",
    "string_too_long": "must have at most {max_length} characters",
    "string_too_short": "must have at least {min_length} characters",
    "string_type": "must be a text, in quotes",
    "too_short": "must have at least {min_length} values",
    "tuple_type": 'must be a list, such as ["a", "b"]',
}


def said(mistake: ErrorDetails) -> Iterator[str]:
    """Lines, of a mistake that is not UNKNOWN."""
    if mistake["type"] == "tuple_type" and len(mistake["loc"]) == 1:
        yield f"must be a list of tables: write [[{mistake['loc'][0]}]]"
        return
    template = _SAID.get(mistake["type"])
    if template:
        yield template.format_map(mistake.get("ctx", {}))
    else:  # of our own validators, mostly
        yield from mistake["msg"].removeprefix("Value error, ").splitlines()
