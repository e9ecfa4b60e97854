"""The errors a user can cause, and the signal that stops long work."""


class NpmError(Exception):
    """A mistake that a user can put right; its text is one sentence that says what to do."""


class Cancelled(Exception):  # noqa: N818 - a request, not an error
    """Raised by a progress callback to stop long work at the next item."""
