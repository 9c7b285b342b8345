"""Free texts as a reader sees them: every translation of an operation is asked for in one call, and none is waited for long.

    resolvers ── Texts ── one Translate call ── the original stands beside whatever came, or a word on why nothing did

What people wrote is shown as it was written, whatever becomes of its translation: a translation service that is slow or away costs the
reader the translation and nothing else.
"""
