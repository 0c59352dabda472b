"""The pages about buying numbers and about orders."""
