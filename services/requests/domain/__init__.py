"""The rules of requests. Pure: no I/O, no clock; time and identity arrive as arguments."""
