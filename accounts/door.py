"""What every view of the API stands on: a key with the right scope, a bucket, the envelope."""

from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from accounts.limits import seconds, take
from accounts.models import ApiKey, Scope, User
from nexotp.lib.errors import Problem, RateLimited
from nexotp.lib.ratelimit import Bucket, Decision


class ScopeMissing(Problem):
    code = "scope_missing"
    status = 403
    message = _("This API key lacks the scope for this call.")


class HasScope(BasePermission):
    """The key carries the view's scope."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        assert isinstance(view, ApiView)
        if view.scope not in view.key.scopes:
            raise ScopeMissing(details={"scope": view.scope})
        return True


class PlanThrottle(BaseThrottle):
    """Takes one call from the view's bucket and leaves the decision for the headers."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        assert isinstance(view, ApiView)
        bucket = view.account.plan.bucket(view.bucket)
        decision = take(f"{view.account.pk}:{view.mode}:{bucket.name}", bucket)
        view.rate = (bucket, decision)
        if not decision.allowed:
            raise RateLimited(retry_after=seconds(decision.retry_after))
        return True


class ApiView(APIView):
    """A view of API v1. Subclasses name their scope and their bucket."""

    scope: ClassVar[Scope]
    bucket: ClassVar[str]
    permission_classes = (HasScope,)
    throttle_classes = (PlanThrottle,)
    rate: tuple[Bucket, Decision] | None = None

    @property
    def account(self) -> User:
        user = self.request.user
        assert isinstance(user, User)
        return user

    @property
    def key(self) -> ApiKey:
        key = self.request.auth
        assert isinstance(key, ApiKey)
        return key

    @property
    def mode(self) -> str:
        return self.key.mode

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        """Say in every answer what the bucket allows and what is left of it."""
        finished = super().finalize_response(request, response, *args, **kwargs)
        if self.rate:
            bucket, decision = self.rate
            window = seconds(bucket.interval * bucket.burst)
            finished["RateLimit-Policy"] = f'"{bucket.name}";q={bucket.burst};w={window}'
            finished["RateLimit"] = (
                f'"{bucket.name}";r={decision.remaining};t={seconds(decision.reset_after)}'
            )
        return finished
