"""Reference data as files: territories, made from CLDR and ISO 3166-2, and the keyword concepts."""
