"""What an administrator hands out for a root: one module per format, values in and bytes out; `folder` writes them."""
