from __future__ import annotations

import pytest

from compegpt.media.artifacts import Store
from compegpt.sources.embedded.questions import ENGINES, READERS

TOWER = """The Eiffel Tower is a wrought-iron lattice tower on the Champ de Mars in Paris, France. It is named after the
engineer Gustave Eiffel, whose company designed and built the tower from 1887 to 1889. The tower is 330 metres tall.
In 2022 it was visited by 5,889,000 people. Tickets to the top cost 29.40 euros. It was initially criticised by artists
because they feared for the look of the city."""
CURIE = """Marie Curie was born in Warsaw on 7 November 1867. She discovered polonium and radium in 1898. She won two
Nobel Prizes. The capital of Australia is Canberra. Jupiter is the largest planet. The meeting starts at 10:30 in the
main
hall. My keys are on the kitchen table."""
RECEIPT = """CORNER SHOP
Tel: 020 7946 0958
Date 2024-05-01 14:32
Milk          1.20
SUBTOTAL     10.00
VAT 24%       2.40
TOTAL        12.40 EUR
Thank you for shopping!"""
INVOICE = """INVOICE
Invoice No: INV-2041
Issue Date: 12 March 2024
Due Date: 11 April 2024
Bill to:
Jane Doe
Sub total: $1,000.00
Total due: $1,190.00
Contact billing@acme.com for questions."""

CASES = [
    (TOWER, "How tall is the Eiffel Tower?", "330 metres"),
    (TOWER, "Where is the Eiffel Tower?", "Champ de Mars in Paris, France"),
    (TOWER, "Who designed the tower?", "Gustave Eiffel"), (TOWER, "How many people visited it in 2022?", "5,889,000"),
    (TOWER, "How much do tickets cost?", "29.40 euros"),
    (TOWER, "Why was it criticised?", "because they feared for the look of the city"),
    (CURIE, "When was Marie Curie born?", "7 November 1867"), (CURIE, "Where was Marie Curie born?", "Warsaw"),
    (CURIE, "What did Marie Curie discover?", "polonium and radium"),
    (CURIE, "What is the capital of Australia?", "Canberra"),
    (CURIE, "Which planet is the largest?", "Jupiter"), (CURIE, "What time does the meeting start?", "10:30"),
    (CURIE, "Where are my keys?", "on the kitchen table"), (CURIE, "How many Nobel Prizes did she win?", "two"),
    (RECEIPT, "What is the total?", "12.40 EUR"), (RECEIPT, "What is the subtotal?", "10.00"),
    (RECEIPT, "How much did I pay?", "12.40 EUR"), (RECEIPT, "How much did the milk cost?", "1.20"),
    (RECEIPT, "What was the date of purchase?", "2024-05-01"), (RECEIPT, "What is the phone number?", "020 7946 0958"),
    (INVOICE, "What is the invoice number?", "INV-2041"), (INVOICE, "When is the invoice due?", "11 April 2024"),
    (INVOICE, "What is the total due?", "$1,190.00"), (INVOICE, "What is the subtotal?", "$1,000.00"),
    (INVOICE, "Who is the bill to?", "Jane Doe"), (INVOICE, "What is the email address?", "billing@acme.com"),
    ("La capital de Francia es París.", "¿Cuál es la capital de Francia?", "París"),
    ("MUSTER GMBH\nRechnung Nr. 4711\nGesamtbetrag 23,80 EUR", "What is the total?", "23,80 EUR"),
]


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(("context", "question", "expected"), CASES, ids=[question for _, question, _ in CASES])
def test_the_answer_is_cut_out_of_its_passage(reader: str, context: str, question: str, expected: str) -> None:
    text, confidence = READERS[reader](question, context)
    assert text == expected
    assert 0 < confidence <= 1


@pytest.mark.parametrize("reader", READERS)
def test_an_unrelated_question_has_no_answer(reader: str) -> None:
    assert READERS[reader]("What do penguins eat?", RECEIPT) == ("", 0.0)


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
def test_nothing_to_read_is_an_empty_finding(engine, tmp_path) -> None:  # type: ignore[no-untyped-def]
    finding = engine.run({"question": "Who?", "context": "  "}, Store(tmp_path))
    assert (finding.output, finding.empty) == ({"text": ""}, True)


def test_a_long_text_is_read_to_its_end() -> None:
    filler = "Engineer number seven built a bridge over the river. " * 1500
    assert READERS["bm25"]("How tall is the Eiffel Tower?", filler + TOWER)[0] == "330 metres"
    assert READERS["tfidf"]("How tall is the Eiffel Tower?", filler + TOWER)[0] == "330 metres"
