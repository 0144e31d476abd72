"""Models that are programs in processes and environments of their own: a protocol, and rivals that speak it."""
