"""The repositories RPCs. Each one reads, decides, writes, answers; the rules are in domain/."""

from services.repositories.rpc.drafting import Drafting
from services.repositories.rpc.filing import Filing
from services.repositories.rpc.publishing import Publishing
from services.repositories.rpc.reading import Reading
from services.repositories.rpc.releasing import Releasing
from services.repositories.rpc.watching import Watching


class RepositoriesRpc(Reading, Drafting, Releasing, Publishing, Watching, Filing):
    """The whole service."""
