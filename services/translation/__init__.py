"""Translation: what a free text says in the reader's language, or why that cannot be told; and in which language a text is."""
