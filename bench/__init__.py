"""What the shop costs, as ratios to something bare that runs on the same machine in the same run."""
