"""The one shared package that touches the operating system: clock, entropy, files, keys."""
