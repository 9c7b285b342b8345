"""Answers that are the same for everybody, kept as bytes until an event says that they have changed."""
