"""Services that an account keeps on top of the shop."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models

from accounts.models import User
from catalog.models import Service


class FavoriteQuerySet(models.QuerySet["Favorite"]):
    def of(self, user: User) -> "FavoriteQuerySet":
        """An account's favorites, the first chosen first."""
        return self.filter(user=user).order_by("pk")


class Favorite(models.Model):
    """One starred service; live and sandbox share it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, db_index=False)
    service = models.ForeignKey(Service, on_delete=models.CASCADE)

    objects = FavoriteQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["user", "service"], name="orders_favorite_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.service_id}"
