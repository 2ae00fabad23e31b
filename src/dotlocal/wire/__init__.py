"""Pure formats that two actors exchange. May import core, and nothing else of dotlocal."""
