"""X.509, pure: values and bytes in, values and bytes out. No file, socket, clock or randomness lives here."""
