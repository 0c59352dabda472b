"""Tools that set the shop up, run it and check it; plain Python, no Django.

Nothing in here is imported by the shop, and production does without this folder.
"""
