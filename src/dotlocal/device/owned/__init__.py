# Boot path: no typing, dataclasses, enum, re or json at run time.
"""The customer's own certificate, and the customer's CA as the device's issuer: docs/own-certificate.md.

`steps` is the way in for commands and for a product's own pages; `slots`, `fit`, `choice` and `serving` are what boot
needs of it.
"""
