# Boot path: no typing, dataclasses, re or json at run time.
"""`device watch`: `events` are what the kernel tells, `schedule` decides when, `watcher` is the loop."""
