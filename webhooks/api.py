"""Webhooks through the API."""

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.door import ApiView
from accounts.models import Scope
from nexotp.lib.http import Page, timestamp
from nexotp.lib.pagination import read_page
from webhooks import presentation, schema
from webhooks.actions import (
    OVERLAP,
    create_endpoint,
    delete_endpoint,
    redeliver,
    rotate_secret,
    send_test,
)
from webhooks.forms import read_webhook_request
from webhooks.lookup import find_delivery, find_endpoint
from webhooks.models import Delivery, Endpoint


class WebhookApiView(ApiView):
    scope = Scope.WEBHOOK_MANAGE
    bucket = "GENERAL"

    def endpoint(self, webhook_id: str) -> Endpoint:
        return find_endpoint(webhook_id, self.account, self.mode)


class WebhooksView(WebhookApiView):
    @schema.list_webhooks
    def get(self, request: Request) -> Response:
        endpoints = Endpoint.objects.for_account(self.account, self.mode).order_by("-pk")
        return Response([presentation.webhook(endpoint) for endpoint in endpoints])

    @schema.create_webhook
    def post(self, request: Request) -> Response:
        wanted = read_webhook_request(request.data)
        endpoint, secret = create_endpoint(
            user=self.account,
            mode=self.mode,
            url=wanted.url,
            events=wanted.events,
            payload_format=wanted.payload_format,
            now=timezone.now(),
        )
        return Response(presentation.webhook(endpoint) | {"secret": secret})


class WebhookView(WebhookApiView):
    @schema.delete_webhook
    def delete(self, request: Request, webhook_id: str) -> Response:
        endpoint = self.endpoint(webhook_id)
        delete_endpoint(endpoint)
        return Response({"webhookId": endpoint.public_id, "deleted": True})


class TestView(WebhookApiView):
    @schema.test_webhook
    def post(self, request: Request, webhook_id: str) -> Response:
        sent = send_test(self.endpoint(webhook_id), now=timezone.now())
        return Response(presentation.delivery(sent))


class RotateView(WebhookApiView):
    @schema.rotate_webhook_secret
    def post(self, request: Request, webhook_id: str) -> Response:
        endpoint, now = self.endpoint(webhook_id), timezone.now()
        secret = rotate_secret(endpoint, now=now)
        return Response(
            presentation.webhook(endpoint)
            | {"secret": secret, "previousSecretExpiresAt": timestamp(now + OVERLAP)}
        )


class DeliveriesView(WebhookApiView):
    @schema.list_webhook_deliveries
    def get(self, request: Request, webhook_id: str) -> Response:
        wanted = read_page(request.GET)
        rows = Delivery.objects.filter(endpoint=self.endpoint(webhook_id)).order_by("-pk")
        page = wanted.of(rows.with_log(most=presentation.MOST_ATTEMPTS))
        return Response(
            Page([presentation.delivery(row, row.shown_attempts) for row in page.rows], page)
        )


class RedeliverView(WebhookApiView):
    @schema.redeliver_webhook
    def post(self, request: Request, delivery_id: str) -> Response:
        found = find_delivery(delivery_id, self.account, self.mode)
        queued = redeliver(found, now=timezone.now())
        latest = queued.attempts.order_by("-pk")[: presentation.MOST_ATTEMPTS]
        return Response(presentation.delivery(queued, list(latest)))
