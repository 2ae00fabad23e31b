"""The trust stores of a computer, one module per kind, and all of them behave alike (`store.Store`)."""
