"""Answers to questions about tables, by TAPAS."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from compegpt.media.artifacts import Store
from compegpt.schema import Finding
from compegpt.sources.hub import outputs
from compegpt.sources.hub.tables import columns
from compegpt.sources.local import kinds
from compegpt.sources.local.loading import with_tokenizer
from compegpt.sources.local.runner import Loaded, Runner


def answered(loaded: Loaded, args: Mapping[str, Any], store: Store) -> Finding:
    """The cells that answer, added up, counted or averaged where the model says so; rows that are too many are dropped.

    Raises InputError for something that is no table.
    """
    import pandas  # type: ignore[import-untyped]

    table = pandas.DataFrame(columns(args["table"]))
    inputs = loaded.processor(table=table, queries=[args["question"]], return_tensors="pt", padding="max_length",
                              truncation="drop_rows_to_fit")
    read = int(inputs["token_type_ids"][0, :, 2].max())
    output = loaded.model(**{name: values.to(loaded.device) for name, values in inputs.items()})
    config, sums = loaded.model.config, output.get("logits_aggregation")
    logits = [part.float().cpu() for part in (output.logits, sums) if part is not None]
    cells, *how = loaded.processor.convert_logits_to_predictions(inputs, *logits)
    said = ", ".join(str(table.iat[place]) for place in cells[0])
    if how and how[0][0] != getattr(config, "no_aggregation_label_index", None):
        said = f"{config.aggregation_labels[how[0][0]]} > {said}"
    finding = outputs.table_answer({"answer": said})
    cut = f"only the first {read} of {len(table)} rows were read" if read < len(table) else None
    return Finding(finding.output, empty=finding.empty, note="; ".join(filter(None, (finding.note, cut))) or None)


RUNNERS: tuple[Runner, ...] = (
    Runner("table-question-answering", kinds.is_a("TapasForQuestionAnswering"),
           functools.partial(with_tokenizer, "AutoModelForTableQuestionAnswering"), answered),
)
