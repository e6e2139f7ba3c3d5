#!/bin/sh
# Install the system engines where apt-get may be used; where it may not, say how and go on with the pip engines alone.
set -u
packages="tesseract-ocr espeak-ng flite festival festvox-kallpc16k ffmpeg apertium apertium-eng-spa libzbar0 fonts-dejavu-core fonts-liberation"

missing=""
for pair in tesseract:tesseract-ocr espeak-ng:espeak-ng flite:flite text2wave:festival ffmpeg:ffmpeg apertium:apertium; do
    command -v "${pair%%:*}" >/dev/null 2>&1 || missing="$missing ${pair##*:}"
done
[ -z "$missing" ] && exit 0

if ! command -v apt-get >/dev/null 2>&1; then
    echo "System engines are missing ($missing ) and there is no apt-get: install them with your system's package manager." >&2
    echo "Going on with the pip engines alone." >&2
    exit 0
fi
if [ "$(id -u)" = 0 ]; then
    run=""
elif sudo -n true 2>/dev/null; then
    run="sudo -n"
else
    echo "System engines are missing ($missing ) and apt-get needs root: sudo apt-get install $packages" >&2
    echo "Going on with the pip engines alone." >&2
    exit 0
fi
echo "Installing the system engines:$missing ..."
$run apt-get update -qq >/dev/null 2>&1
# shellcheck disable=SC2086
if ! $run env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages >/dev/null 2>&1; then
    echo "apt-get could not install them; going on with the pip engines alone. Try: sudo apt-get install $packages" >&2
fi
exit 0
