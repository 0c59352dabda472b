"""The shop's errors: each is a reason with a stable code, told apart from bugs.

Doors turn them into answers; `status` is the HTTP status the API contract gives the reason,
`retryable` says whether the same call may succeed later without any change by the caller.
"""

from typing import Any, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Problem(Exception):
    """A reason why a call was not carried out. Subclasses live beside what raises them."""

    code: ClassVar[str] = "invalid_request"
    status: ClassVar[int] = 400
    retryable: ClassVar[bool] = False
    message: "str | Promise" = _("The request is not valid.")
    # What the reference shows beside code and message where the reason carries more.
    example_details: ClassVar[dict[str, Any] | None] = None
    example_retry_after: ClassVar[int | None] = None

    def __init__(
        self,
        message: "str | Promise | None" = None,
        *,
        retry_after: int | None = None,
        fields: "list[FieldProblem] | None" = None,
        details: dict[str, Any] | None = None,
    ) -> None:
        if message is not None:
            self.message = message
        self.retry_after = retry_after
        self.fields = fields or []
        self.details = details
        super().__init__(self.code)

    @classmethod
    def example(cls) -> "Problem":
        """Return the reason as a caller may meet it."""
        return cls(retry_after=cls.example_retry_after, details=cls.example_details)


class FieldProblem:
    """What is wrong with one field of a request."""

    def __init__(self, field: str, code: str, message: "str | Promise") -> None:
        self.field = field
        self.code = code
        self.message = message


class InvalidRequest(Problem):
    """One or more fields are missing or wrong; `fields` names each."""

    @classmethod
    def example(cls) -> Problem:
        wrong = FieldProblem("country", "unknown", _("There is no such country."))
        return cls(fields=[wrong])


class NotFound(Problem):
    code = "not_found"
    status = 404
    message = _("There is nothing at this address.")


class MethodNotAllowed(Problem):
    code = "method_not_allowed"
    status = 405
    message = _("This address does not take this method.")


class PayloadTooLarge(Problem):
    code = "payload_too_large"
    status = 413
    message = _("The request body is too large.")


class UnsupportedMediaType(Problem):
    code = "unsupported_media_type"
    status = 415
    message = _("Send the request body as application/json.")


class RateLimited(Problem):
    code = "rate_limited"
    status = 429
    retryable = True
    message = _("Too many requests. Wait a moment and try again.")
    example_retry_after = 2


class InternalError(Problem):
    code = "internal"
    status = 500
    retryable = True
    message = _("Something went wrong on our side. Nothing was charged twice; try again.")


class ServiceUnavailable(Problem):
    code = "service_unavailable"
    status = 503
    retryable = True
    message = _("The shop cannot answer right now. Try again in a moment.")
    example_retry_after = 2
