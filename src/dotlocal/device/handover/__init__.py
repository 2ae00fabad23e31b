"""Handing a new set over to the web server that is there already: `steps`, and an adapter for each of `servers`."""
