"""What every view of the API stands on: a key with the right scope, a bucket, the envelope."""

from typing import Any, ClassVar

from django.http import HttpRequest
from django.utils import timezone
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from accounts.authentication import ScopeMissing
from accounts.description import ApiSchema
from accounts.limits import charge
from accounts.models import ApiKey, Scope, User
from accounts.usage import tally_name
from nexotp.lib.http import ApiRequest


def charge_plan(request: HttpRequest, key: ApiKey, bucket_name: str) -> None:
    """Take one call from a bucket of the key's account, and count it. Raises RateLimited."""
    bucket = key.user.plan.bucket(bucket_name)
    owner = f"{key.user.pk}:{key.mode}:{bucket.name}"
    charge(request, owner, bucket, count_as=tally_name(timezone.localdate(), owner))


def check_scope(key: ApiKey, scope: Scope) -> None:
    """Raises ScopeMissing."""
    if scope not in key.scopes:
        raise ScopeMissing(details={"scope": scope})


class HasScope(BasePermission):
    """The key carries the view's scope."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        assert isinstance(view, ApiView)
        check_scope(view.key, view.scope)
        return True


class PlanThrottle(BaseThrottle):
    """Takes one call from the view's bucket."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        assert isinstance(view, ApiView)
        charge_plan(request._request, view.key, view.bucket)
        return True


class ApiView(APIView):
    """A view of API v1. Subclasses name their scope and their bucket."""

    scope: ClassVar[Scope]
    bucket: ClassVar[str]
    permission_classes = (HasScope,)
    throttle_classes = (PlanThrottle,)
    schema = ApiSchema()
    http_method_names = ["get", "head", "post", "delete"]

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        return ApiRequest(
            request,
            parsers=self.get_parsers(),
            authenticators=self.get_authenticators(),
            negotiator=self.get_content_negotiator(),
            parser_context=self.get_parser_context(request),
        )

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

    def check_permissions(self, request: Request) -> None:
        """Count the call first: one that the key may not make counts as well."""
        super().check_throttles(request)
        super().check_permissions(request)

    def check_throttles(self, request: Request) -> None:
        """Done before the permissions."""
