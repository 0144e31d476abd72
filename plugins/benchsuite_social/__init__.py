"""Models that use who is linked with whom."""
