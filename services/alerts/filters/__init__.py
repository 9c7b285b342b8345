"""Filters of an authority's inbox: saved under a name, read and watched by, and sent by e-mail."""
