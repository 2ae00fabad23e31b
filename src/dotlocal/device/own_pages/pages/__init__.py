"""The pages, each a function from a view to HTML. Pure."""
