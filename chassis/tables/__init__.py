"""Many things as a file, a row for each: read out of bytes that come in pieces, and written as they go."""
