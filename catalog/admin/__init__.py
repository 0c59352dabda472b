"""What the shop sells, from whom and for how much, for staff."""

from catalog.admin import goods, prices, reviewing, syncs

__all__ = ["goods", "prices", "reviewing", "syncs"]
