"""The whole story on one machine, told with the installed commands. Knows the actors by their commands alone."""
