"""What people type: at the door of the shop, and about their keys."""
