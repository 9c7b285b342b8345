"""The words all parts use: refusals, languages, countries, values, roles, ids, pages. Standard library only."""
