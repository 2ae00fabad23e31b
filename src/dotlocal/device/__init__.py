"""On the product: a fresh key and server certificate at every boot, and the HTTPS that serves it."""
