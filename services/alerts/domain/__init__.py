"""The rules of alerts. Pure: no I/O, no clock."""
