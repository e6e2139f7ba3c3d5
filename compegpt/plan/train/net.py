"""The network in torch, for training; `plan.network` runs the same in numpy.

An encoder (MiniLM) reads the pieces. Each task type scores each piece (its tag), and reads the request through these
scores: from that come whether the type is called for and how often. The types that are and the sources then look at
each other (a small transformer over nodes), and a biaffine scorer says which type takes what (Dozat and Manning 2017,
arXiv:1611.01734). A type's own words are a span, found by its first and last piece.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from compegpt.plan.marking import KINDS, MARKERS
from compegpt.plan.shape import TYPES

if TYPE_CHECKING:
    from transformers import BertModel

WIDTH, HIDDEN = 384, 192
RANKS = 32
SOURCE_KINDS = len(KINDS)
MARKED = max(MARKERS.values()) + 1


@dataclass
class Read:
    """What the first half of the network makes of a batch of requests (B requests, L pieces, T types)."""

    pieces: Tensor
    """B x L x 384."""
    tags: Tensor
    """B x L x T: how much a piece calls for a type, log-odds."""
    types: Tensor
    """B x T x 192."""
    present: Tensor
    """B x T: whether a type is called for, log-odds."""
    more: Tensor
    """B x T x 2: whether twice or more, three times or more, log-odds."""
    places: Tensor
    """B x T: about where in the request it is called for, in pieces."""


class Net(nn.Module):
    """The planner's network over a text encoder."""

    def __init__(self, encoder: BertModel) -> None:
        super().__init__()
        self.encoder = encoder
        self.markers = nn.Parameter(torch.zeros(MARKED, WIDTH))
        count = len(TYPES)
        self.tag = nn.Linear(WIDTH, count)
        self.seen, self.whole = nn.Linear(WIDTH, HIDDEN), nn.Linear(WIDTH, HIDDEN, bias=False)
        self.type_names = nn.Parameter(torch.randn(count, HIDDEN) * 0.3)
        self.peak = nn.Parameter(torch.randn(count, HIDDEN) * 0.02)
        self.middle = nn.Linear(HIDDEN, HIDDEN)
        self.present = nn.Linear(HIDDEN, 3)
        self.present_of = nn.Parameter(torch.zeros(count, 3))
        self.source = nn.Linear(WIDTH, HIDDEN)
        self.source_kinds = nn.Parameter(torch.randn(SOURCE_KINDS, HIDDEN) * 0.3)
        self.ranks = nn.Parameter(torch.randn(RANKS, HIDDEN) * 0.1)
        layer = nn.TransformerEncoderLayer(HIDDEN, 4, HIDDEN * 2, dropout=0.1, activation="gelu", batch_first=True)
        self.nodes = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.taker, self.giver = nn.Linear(HIDDEN, HIDDEN), nn.Linear(HIDDEN, HIDDEN)
        self.prior = nn.Parameter(torch.zeros(count, count + SOURCE_KINDS))
        self.first, self.last = nn.Linear(WIDTH, HIDDEN), nn.Linear(WIDTH, HIDDEN)
        self.of_first, self.of_last = nn.Linear(HIDDEN, HIDDEN), nn.Linear(HIDDEN, HIDDEN)
        self.drop = nn.Dropout(0.1)
        with torch.no_grad():  # at first nothing is called for, and nothing takes anything
            self.tag.bias.fill_(-4)
            self.present.bias.copy_(torch.tensor([-3.0, -2.0, -4.0]))
            self.prior.fill_(-2)

    def read(self, ids: Tensor, mask: Tensor) -> Read:
        """The first half: `ids` B x L, `mask` B x L (True where there is a piece)."""
        words: Tensor = self.encoder.embeddings.word_embeddings(ids)
        marked = ids < MARKED
        embedded = words + marked.unsqueeze(-1) * self.markers[ids.clamp(max=MARKED - 1)]
        with torch.autocast("cpu", dtype=torch.bfloat16):
            pieces = self.drop(self.encoder(inputs_embeds=embedded, attention_mask=mask).last_hidden_state)
            tags = self.tag(pieces).float()
            shown = tags.masked_fill(~mask.unsqueeze(-1), -1e4)
            look = torch.softmax(shown, dim=1)
            seen = look.transpose(1, 2).to(pieces.dtype) @ pieces
            peak = torch.logsumexp(shown, dim=1).unsqueeze(-1)
            inner = self.seen(seen) + self.whole(pieces[:, :1]) + self.type_names + torch.tanh(peak / 4) * self.peak
            types = torch.nn.functional.gelu(self.middle(torch.nn.functional.gelu(inner)))
        pieces, types = pieces.float(), types.float()
        said = self.present(self.drop(types)) + self.present_of
        places = (look * torch.arange(ids.shape[1], device=ids.device).view(1, -1, 1)).sum(1)
        return Read(pieces, tags, types, said[..., 0], said[..., 1:], places)

    def arcs(self, read: Read, types: Tensor, sources: Tensor, kinds: Tensor) -> Tensor:
        """B x P x (P + M): whether type p takes the result of a type, or a source; log-odds.

        `types` B x P numbers of types, `sources` B x M positions, `kinds` B x M; -1 where there is none.
        """
        batch = torch.arange(len(types), device=types.device).unsqueeze(-1)
        there = torch.cat([types >= 0, sources >= 0], 1)
        of_types = read.types[batch, types.clamp(min=0)]
        of_sources = self.source(read.pieces[batch, sources.clamp(min=0)]) + self.source_kinds[kinds.clamp(min=0)]
        places = torch.cat([read.places[batch, types.clamp(min=0)], sources.float()], 1).masked_fill(~there, 1e6)
        ranks = places.argsort(1).argsort(1).clamp(max=RANKS - 1)
        nodes = self.nodes(torch.cat([of_types, of_sources], 1) + self.ranks[ranks], src_key_padding_mask=~there)
        count = types.shape[1]
        scores: Tensor = self.taker(nodes[:, :count]) @ self.giver(nodes).transpose(1, 2) / HIDDEN**0.5
        columns = torch.cat([types, kinds + len(TYPES)], 1).clamp(min=0)
        return scores + self.prior[types.clamp(min=0).unsqueeze(-1), columns.unsqueeze(1)]

    def spans(self, read: Read, types: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """B x P x L each: where a type's own words begin and end; position 0 where it has none. Log-odds."""
        batch = torch.arange(len(types), device=types.device).unsqueeze(-1)
        of_types = read.types[batch, types.clamp(min=0)]
        hidden = ~mask.unsqueeze(1)
        first = self.of_first(of_types) @ self.first(read.pieces).transpose(1, 2) / HIDDEN**0.5
        last = self.of_last(of_types) @ self.last(read.pieces).transpose(1, 2) / HIDDEN**0.5
        return first.masked_fill(hidden, -1e4), last.masked_fill(hidden, -1e4)
