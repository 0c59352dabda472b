"""The door of the shop, the account's own pages, and what developers need."""
