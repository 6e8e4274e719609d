"""The errors that cross the wire, each with a subject (a field or a thing) and a message."""

from __future__ import annotations


class ServiceError(Exception):
    """A failure that the caller can understand: `subject` says where, `message` says what to do.

    Both are positional strings, because nameko passes an exception's positional arguments and
    nothing else from one process to the next.
    """

    def __init__(self, subject: str, message: str) -> None:
        super().__init__(subject, message)
        self.subject = subject
        self.message = message

    def __str__(self) -> str:
        return f"{self.subject}: {self.message}" if self.subject else self.message


class InvalidInput(ServiceError):
    """The request is malformed: `subject` is the path of the wrong field."""


class NotFound(ServiceError):
    """What was asked for does not exist."""


class Conflict(ServiceError):
    """The request contradicts what is already recorded."""


class Refused(ServiceError):
    """The request is well formed, and a rule forbids it."""


class Unavailable(ServiceError):
    """A dependency did not answer in time: nothing is wrong with the request, try it again."""


class Failure(ServiceError):
    """A fault of ours: the service's log says more."""
