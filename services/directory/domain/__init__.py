"""The rules of the directory. Pure: no I/O, no clock."""
