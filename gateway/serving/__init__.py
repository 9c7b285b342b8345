"""GraphQL over HTTP: one operation in, one answer or one stream out.

https://graphql.github.io/graphql-over-http/draft/, and the distinct connections mode of
https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md for what goes on.
"""
