"""Makes the documentation site: hand-written pages, pages made of the classes themselves, and what examples print."""
