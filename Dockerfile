# CompeGPT on a CPU: the page, the HTTP API and MCP at port 8004. No torch: models that `local` would run are left out.
#
#   docker build -t compegpt .
#   docker run -p 127.0.0.1:8004:8004 -e COMPEGPT_API_KEYS=a-long-random-key -v compegpt:/data compegpt
FROM python:3.11-slim-bookworm AS build
COPY docker/requirements.txt /tmp/requirements.txt
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --no-deps -r /tmp/requirements.txt

FROM python:3.11-slim-bookworm
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        tesseract-ocr espeak-ng flite festival festvox-kallpc16k ffmpeg apertium apertium-eng-spa libzbar0 \
        fonts-dejavu-core fonts-liberation \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 10001 compegpt \
    && install -d -o compegpt -g compegpt /data
COPY --from=build /venv /venv
WORKDIR /app
COPY compegpt compegpt
COPY graphs graphs
COPY prompts prompts
COPY examples examples
COPY main.py app.py ./
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 OMP_NUM_THREADS=1 COMPEGPT_DATA_DIR=/data
USER 10001
VOLUME /data
EXPOSE 8004
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8004/readyz', timeout=4)"]
ENTRYPOINT ["python", "main.py"]
CMD ["serve", "--host", "0.0.0.0"]
