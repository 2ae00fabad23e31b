"""Real TLS clients, asked whether they accept what a device serves."""
