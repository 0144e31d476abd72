"""Pages of a leaderboard: no server, no network, one file each."""
