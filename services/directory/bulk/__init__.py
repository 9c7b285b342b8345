"""Authorities of one country as a file: read row by row, laid over what is there, reported, and written again."""
