"""Searching: how fast, on both engines."""
