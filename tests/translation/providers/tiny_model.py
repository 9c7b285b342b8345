"""A real, very small translation model, with weights that are written down instead of learnt.

It is a Transformer of one layer that looks, for each word it writes, at the word of the source in the same place, and writes what the
dictionary has for it. So CTranslate2 and SentencePiece do all that they do with a real model, and what comes out is known.
"""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

WORDS = {
    "la": "la",
    "domanda": "solicitud",
    "è": "se",
    "stata": "ha",
    "presentata": "presentado",
    "ieri": "ayer",
    "1": "1",
}
POSITIONS = 520
SPECIAL = ["<unk>", "<s>", "</s>"]


def make(folder: Path, words: Mapping[str, str] = WORDS, *, endless: bool = False, adds_end: bool = True) -> Path:
    """The model in *folder*. An *endless* one writes its first word for ever."""
    import numpy as np
    from ctranslate2.specs import TransformerSpec

    folder.mkdir(parents=True)
    source = [*SPECIAL, *_pieces(folder / "source.spm", list(words))]
    target = [*SPECIAL, *_pieces(folder / "target.spm", list(dict.fromkeys(words.values())))]
    into = {f"▁{word}": f"▁{other}" for word, other in words.items()}
    size = len(source) + len(target) + POSITIONS
    positions = slice(len(source) + len(target), size)

    spec = TransformerSpec.from_config(num_layers=1, num_heads=1, pre_norm=True, no_final_norm=True)
    encodings = np.zeros((POSITIONS, size), np.float32)
    encodings[:, positions] = np.eye(POSITIONS)
    for part in (spec.encoder, spec.decoder):
        part.scale_embeddings = False
        part.position_encodings.encodings = encodings
        _do_nothing(part.layer[0], size)
    embeddings = np.zeros((len(source), size), np.float32)
    embeddings[:, : len(source)] = np.eye(len(source))
    spec.encoder.embeddings[0].weight = embeddings
    # What was written before does not matter: the place alone says what comes next.
    spec.decoder.embeddings.weight = np.zeros((len(target), size), np.float32)

    looking = np.zeros((size, size), np.float32)
    if not endless:
        looking[positions, positions] = np.eye(POSITIONS) * 60
    keys_and_values = np.zeros((2 * size, size), np.float32)
    keys_and_values[positions, positions] = np.eye(POSITIONS)
    for place, piece in enumerate(source):
        if not endless:
            keys_and_values[size + len(source) + target.index(into.get(piece, piece)), place] = 1
        elif piece not in SPECIAL:
            keys_and_values[size + len(source) + len(SPECIAL), place] = 1
    attention = spec.decoder.layer[0].attention
    attention.layer_norm.gamma, attention.layer_norm.beta = np.ones(size, np.float32), np.zeros(size, np.float32)
    for linear, weight in zip(
        attention.linear, (looking, keys_and_values, np.eye(size, dtype=np.float32)), strict=True
    ):
        linear.weight, linear.bias = weight, np.zeros(len(weight), np.float32)
    projection = np.zeros((len(target), size), np.float32)
    projection[:, len(source) : len(source) + len(target)] = np.eye(len(target)) * 50
    spec.decoder.projection.weight, spec.decoder.projection.bias = projection, np.zeros(len(target), np.float32)

    spec.register_source_vocabulary(source)
    spec.register_target_vocabulary(target)
    spec.config.add_source_eos = adds_end
    spec.config.decoder_start_token = "<s>"
    spec.validate()
    spec.optimize(quantization="float32")
    spec.save(str(folder))
    return folder


def _do_nothing(layer: Any, size: int) -> None:
    """Make the layer pass on what it gets."""
    import numpy as np

    attention, ffn = layer.self_attention, layer.ffn
    for norm in (attention.layer_norm, ffn.layer_norm):
        norm.gamma, norm.beta = np.ones(size, np.float32), np.zeros(size, np.float32)
    for linear, rows in ((attention.linear[0], 3 * size), (attention.linear[1], size)):
        linear.weight, linear.bias = np.zeros((rows, size), np.float32), np.zeros(rows, np.float32)
    for linear, (rows, columns) in ((ffn.linear_0, (8, size)), (ffn.linear_1, (size, 8))):
        linear.weight, linear.bias = np.zeros((rows, columns), np.float32), np.zeros(rows, np.float32)


def _pieces(file: Path, words: list[str]) -> list[str]:
    """A SentencePiece model in *file* that keeps *words* whole, and its pieces."""
    import sentencepiece

    written = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(words * 20),
        model_writer=written,
        model_type="word",
        vocab_size=len(words) + 3,
        hard_vocab_limit=False,
        character_coverage=1.0,
        minloglevel=2,
    )
    file.write_bytes(written.getvalue())
    processor = sentencepiece.SentencePieceProcessor(model_proto=written.getvalue())
    pieces = [str(processor.id_to_piece(place)) for place in range(processor.get_piece_size())]
    return [piece for piece in pieces if piece not in SPECIAL]
