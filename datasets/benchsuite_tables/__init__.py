"""Tables of anybody: what a file is, what its columns mean, and its cells, checked one by one."""
