# Boot path: no typing, dataclasses, enum, re or json at run time.
"""The one exception that a person is meant to read: a code, what is wrong, and what to do next."""


class Refused(Exception):
    """Something was not done, and nothing was changed.

    `code` is stable and documented (docs/codes.md); `message` names both sides of a mismatch, lower case, without
    a full stop; `hint` says what the reader can do, or is empty; `facts` holds the values as data.
    """

    def __init__(self, code: str, message: str, *, hint: str = "", facts: "dict[str, object] | None" = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.facts = facts or {}

    def __str__(self) -> str:
        return f"{self.message} ({self.code})"


class Absent(Refused):
    """There was nothing to look at: no state, no ledger, no such file. The command line ends with 2, not 1."""
