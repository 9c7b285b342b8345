"""The requests RPCs. Each one reads, decides, writes, answers; the rules are in domain/."""

from services.requests.rpc.concluding import Concluding
from services.requests.rpc.drafting import Drafting
from services.requests.rpc.handling import Handling
from services.requests.rpc.proving import Proving
from services.requests.rpc.publishing import Publishing
from services.requests.rpc.reading import Reading
from services.requests.rpc.replying import Replying
from services.requests.rpc.streaming import Streaming


class RequestsRpc(Reading, Drafting, Handling, Replying, Concluding, Proving, Publishing, Streaming):
    """The whole service."""
