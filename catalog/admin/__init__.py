"""What the shop sells, from whom and for how much, for staff."""

from catalog.admin import goods, offers, prices, reviewing, syncs

__all__ = ["goods", "offers", "prices", "reviewing", "syncs"]
