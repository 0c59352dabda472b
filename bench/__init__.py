"""What the shop costs, as ratios to something bare on the same machine in the same run."""
