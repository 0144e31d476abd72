"""Re-rankers: a language model reads each pair of a history and a candidate of a cheap first stage."""
