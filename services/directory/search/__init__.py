"""Finding authorities: from what somebody types, in any language, to who is meant.

`vocabulary` knows the words of one language, `likeness` how like two words are, `alternations` what changes inside a word, `places`
the names of places in all languages; `question` makes of a text the concepts and places that it names, with `reading` its words,
`candidates` the concepts these may name, and `situations` those that they go with; `index` asks the search engine for the
authorities, whatever engine that is; `explanation` says why one was found; `suggestions` completes what is being typed. Words are
understood here and not by an engine, so that the embedded and the real one find the same.
"""
