"""One GraphQL schema over the five services. Thin views, no rules, no data."""
