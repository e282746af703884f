"""The service on floor 3: everything that talks to the world."""
