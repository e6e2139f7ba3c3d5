"""A server on loopback that the real client libraries talk to."""
