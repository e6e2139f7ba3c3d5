"""Every error a person can meet, sorted by who can mend it.

CompeGPTError
├── the user:           UsageError (2), InputError (1), NothingToResume (2)
├── the configuration:  ConfigurationError (2), AuthenticationError (3), StorageError (1)
├── a model:            ExpertError (1)
│   ├── ExpertUnavailable (5)   try again
│   ├── ExpertGone (1)          refused, not served or out of credit: not worth a second try
│   ├── ExpertTimeout (6)       the deadline
│   └── NoExpert (1)            nobody can do this task
└── us:                 InternalError (1)

The number is the exit status of the command line. Each message is one sentence that says what to do.
"""

from __future__ import annotations


class CompeGPTError(Exception):
    """Base of all errors that are shown to a person."""

    code = "error"
    """Stable machine-readable name, the `code` of the JSON error object."""

    status = 1
    """Exit status of the command line."""

    retryable = False
    """Whether the same request may succeed later with nothing changed."""


class UsageError(CompeGPTError):
    """The command or the request itself is malformed."""

    code, status = "usage", 2


class NothingToResume(UsageError):
    """`--resume` on a thread whose last turn is complete, or that does not exist."""

    code = "nothing_to_resume"


class InputError(CompeGPTError):
    """A file or text the user gave is missing, broken, empty or too large."""

    code = "input"


class ConfigurationError(CompeGPTError):
    """A setting has a value that cannot be used."""

    code, status = "configuration", 2


class AuthenticationError(CompeGPTError):
    """A key is missing or refused."""

    code, status = "authentication", 3


class StorageError(CompeGPTError):
    """The data directory or the database of conversations cannot be used."""

    code = "storage"


class ExpertError(CompeGPTError):
    """One expert failed at one task; recorded as its candidate, never raised out of a branch."""

    code = "expert"


class ExpertUnavailable(ExpertError):
    """An expert cannot be reached now."""

    code, status, retryable = "transient", 5, True

    def __init__(self, message: str, retry_after: float | None = None, tries: int = 3) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        """Seconds after which its server wants to be asked again; None where it did not say."""
        self.tries = tries
        """Calls worth making in all while nobody else answers."""


class ExpertGone(ExpertError):
    """An expert that will not answer for a while: no longer served, gated, or the account has no credit."""

    code = "gone"


class ExpertTimeout(ExpertError):
    """An expert, a task or the request ran past its deadline."""

    code, status, retryable = "deadline", 6, True


class NoExpert(ExpertError):
    """No expert that is present can do the task."""

    code = "no_expert"


class InternalError(CompeGPTError):
    """A defect of CompeGPT."""

    code = "internal"


def status_of(code: str) -> int:
    """Exit status of an error `code`; 1 for an unknown one."""
    return _STATUS.get(code, 1)


def _tree(root: type[CompeGPTError]) -> list[type[CompeGPTError]]:
    return [root] + [leaf for child in root.__subclasses__() for leaf in _tree(child)]


_STATUS = {error.code: error.status for error in _tree(CompeGPTError)}
