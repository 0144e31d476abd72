"""Reports: the same comparison for terminals, papers and spreadsheets."""
