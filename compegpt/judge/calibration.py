"""What own confidences are worth, per family: points (confidence given, share of the characters that was right).

Fitted on the development pictures by `python benchmarks/judge.py --fit`, which prints this table; docs/judge.md has the
method. A family without a row has its confidences compared inside the family only.
"""

CALIBRATION: dict[str, tuple[tuple[float, float], ...]] = {
    "ppocr": ((0.00, 0.089), (0.48, 0.286), (0.76, 0.687), (0.93, 0.918), (0.97, 0.963), (0.98, 0.972), (0.99, 0.978),
              (1.00, 0.984)),
    "tesseract": ((0.00, 0.228), (0.20, 0.228), (0.27, 0.255), (0.36, 0.419), (0.54, 0.731), (0.71, 0.850),
                  (0.85, 0.929), (0.93, 0.976), (0.96, 0.992), (1.00, 1.000)),
}
