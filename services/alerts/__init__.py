"""Alerts: one authority warns, the coordinators of other countries receive and pass on, each in its own inbox."""
