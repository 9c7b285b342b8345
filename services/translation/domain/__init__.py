"""The rules of translation. Pure: no I/O, no clock."""
