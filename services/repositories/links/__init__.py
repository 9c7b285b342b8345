"""Whether the addresses in published entries still lead anywhere: looked at now and then, and never in anybody's way."""
