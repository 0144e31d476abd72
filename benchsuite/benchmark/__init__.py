"""Benchmarks that others can enter: pins of their folds, results as small files, and the leaderboard made of these."""
