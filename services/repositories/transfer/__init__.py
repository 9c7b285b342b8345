"""Many entries of one repository as a file: read row by row, laid over what is there, reported; and written out of a search."""
