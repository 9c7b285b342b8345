"""The directory: countries, regions, areas of legislation, authorities and the people in them; and how they are found."""
