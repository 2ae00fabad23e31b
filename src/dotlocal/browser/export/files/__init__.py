"""Scripts and texts that are handed out, with `@…@` where a root's facts go; see `handout.filled`."""
