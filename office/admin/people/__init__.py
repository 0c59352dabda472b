"""People for staff: who they are, how they stand, and what can be done about them."""

from office.admin.people import accounts

__all__ = ["accounts"]
