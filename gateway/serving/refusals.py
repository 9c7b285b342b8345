"""Requests that are refused by what HTTP says of them."""

from vocabulary.refusals import Invalid


class UnsupportedType(Invalid):
    """The body is of a type that is not read: nothing that a page of another site may send without asking is."""

    default_reason = "CONTENT_TYPE"


class MethodNotAllowed(Invalid):
    """Another method is needed."""

    default_reason = "METHOD"


class NotAcceptable(Invalid):
    """The client takes nothing of what there is."""

    default_reason = "NOT_ACCEPTABLE"
