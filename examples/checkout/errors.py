"""What calls raise, whichever way they go."""


class NoAnswer(Exception):
    """No response came in time. The request is not at fault; show the stored fallback."""


class WrongRequest(Exception):
    """The service rejected the request: the message names the field and the fix."""
