"""What translation counts, for Prometheus. Engines, pairs and codes only: never a text, nor whose it is."""

from prometheus_client import Counter, Histogram

ANSWERS = Counter("imi_translation_answers_total", "Segments that were asked about, by how they were answered.", ["by"])
WAYS = Counter(
    "imi_translation_ways_total", "Ways through engines that were tried, by what came of them.", ["engine", "outcome"]
)
CHARACTERS = Counter("imi_translation_characters_total", "Source characters that engines were sent.", ["engine"])
CALL_SECONDS = Histogram(
    "imi_translation_call_seconds",
    "How long calls of engines take.",
    ["engine"],
    buckets=(0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100),
)
CALLBACKS = Counter("imi_translation_callbacks_total", "Callbacks, by what they were.", ["engine", "outcome"])
