"""What the pages for the customer's own certificate can refuse."""

from __future__ import annotations

from dotlocal.core.codes.rows import CUSTOMER, INTEGRATOR, REFUSED, VENDOR, Group, Row

GROUPS = (
    Group("The customer's own: its pages", (
        Row("pages-connection", REFUSED, INTEGRATOR,
            "the web server in front of the pages does not tell about the connection as it was said to",
            "compare its configuration with docs/own-pages.md"),
        Row("pages-password-weak", REFUSED, CUSTOMER, "the administrator's password is too short, or too plain",
            "12 to 256 characters: some words in a row are good"),
        Row("pages-password-missing", REFUSED, CUSTOMER, "no password was given",
            "`dotlocal device own password` asks at a terminal; elsewhere --password-file or --password-fd"),
        Row("pages-listen", REFUSED, INTEGRATOR,
            "the pages' own server was to listen to the network, and who can change the device's keys must not",
            "127.0.0.1:PORT, [::1]:PORT, or the path of a socket; `device serve` or a web server in front ends TLS"),
        Row("pages-nothing", REFUSED, CUSTOMER, "a form came without what it is for", "fill it in"),
        Row("pages-busy", REFUSED, CUSTOMER, "the device is still busy with something else", "try again in a moment"),
        Row("pages-fault", REFUSED, VENDOR, "a page has a fault that nobody foresaw", "report it, with the log"),
    )),
)  # fmt: skip
