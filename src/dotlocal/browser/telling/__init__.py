"""A diagnosis told: to people at a terminal, to programs, to the vendor's support as a page. Pure."""
