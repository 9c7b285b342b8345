"""Information repositories: data sets that authorities keep for each other, each defined as data."""
