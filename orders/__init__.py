"""Buying a number, and every way an order can end."""
