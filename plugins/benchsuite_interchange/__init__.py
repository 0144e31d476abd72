"""Other programs: what they wrote is judged (lists by their conventions, splits), and what they read is written."""
