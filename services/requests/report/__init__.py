"""The report on a case: what a reader may see of it, in a language of theirs, as a PDF.

The way of a report: `domain.views` and `domain.impersonal` say what is in it, `content` puts that into words, `pages` puts the words
on pages. Neither of the two reads a clock or a store, so the same case in the same language has the same bytes.
"""
