"""The rules of repositories. Pure: no I/O, no clock."""
