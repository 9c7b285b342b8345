"""The example of the IMI guide, played through the public GraphQL API: asked in Italian, answered in Hungarian, read in Italian."""
