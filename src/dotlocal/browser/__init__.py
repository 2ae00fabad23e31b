"""The customer's side of the padlock: trust stores, what to hand out, and why a browser refuses."""
