"""The service on floor 3: everything that talks to the world."""

DISTRIBUTION = "oncology-trial-cds"
"""The name under which it is installed."""
