"""Does the work of an experiment, each job in a process of its own."""
