"""The customer's own certificate from an ACME server in the customer's network (RFC 8555), and its renewals.

`job` is one run, from the settings in `store` to a chain; `client` speaks to the server through `transport`; `account`
and `order` are what is said; `http_01` and `tls_alpn_01` prove that the device is what it says it is; `schedule` (pure)
says when to run again. `device watch` knows the schedule, and runs everything else as a child process.
"""
