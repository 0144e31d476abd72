"""What other programs wrote, judged: recommendation files by anybody's conventions, and splits."""
