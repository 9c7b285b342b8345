"""What the gateway counts of its live streams."""

from prometheus_client import Counter, Gauge

STREAMS = Gauge("imi_gateway_streams", "Live streams of clients.")
TAILS = Gauge("imi_gateway_stream_tails", "Streams that are read from services, for all who listen.")
SHARES = Gauge("imi_gateway_stream_shares", "Selections that are executed, for all who want the same.")
EXECUTED = Counter("imi_gateway_stream_executions_total", "Items of streams that were executed.")
DELIVERED = Counter("imi_gateway_stream_answers_total", "Answers that were written to clients from a ring.")
OVERFLOWED = Counter("imi_gateway_stream_overflows_total", "Streams that were ended because their client was too slow.")
