"""Reference data as files, and what makes those of places (README.md)."""
