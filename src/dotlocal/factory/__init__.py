"""The production station: one device CA per device, every signature in the ledger before it is made."""
