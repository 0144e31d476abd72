"""Executors that run fits on other machines: Ray and Slurm move the work, the run alone judges and stores it."""
