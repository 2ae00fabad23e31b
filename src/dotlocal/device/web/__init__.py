"""What all pages of the device share: HTML that is always escaped, as much of HTTP as strangers get, whose name a
browser has used, and one look. Standard library only.
"""
