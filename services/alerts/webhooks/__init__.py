"""Webhooks: an authority's inbox, delivered to an address of its own system."""
