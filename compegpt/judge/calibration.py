"""What own confidences are worth, per family: points (confidence given, share of the characters that was right).

Fitted on the development pictures by `python benchmarks/judge.py --fit`, which prints this table; docs/judge.md has the
method. A family without a row has its confidences compared inside the family only.
"""

CALIBRATION: dict[str, tuple[tuple[float, float], ...]] = {
    "ppocr": ((0.00, 0.030), (0.48, 0.285), (0.74, 0.718), (0.93, 0.916), (0.96, 0.953), (0.98, 0.972), (0.99, 0.977),
              (1.00, 0.981)),
    "tesseract": ((0.00, 0.218), (0.14, 0.218), (0.27, 0.232), (0.37, 0.397), (0.53, 0.734), (0.71, 0.845),
                  (0.85, 0.935), (0.93, 0.972), (0.96, 0.992), (1.00, 1.000)),
}
