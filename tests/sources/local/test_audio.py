"""Audio task types by tiny random models: saved, found and loaded as a user's are; the library's own call agrees."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from compegpt.errors import InputError
from compegpt.media.artifacts import Store
from compegpt.sources.local import audio_hearing
from compegpt.sources.local.runner import Checkpoint
from compegpt.threads import in_thread
from tests.sources.local import tiny
from tests.sources.local.tiny import ran

RATE = 16_000
LETTERS = ["<pad>", "<s>", "</s>", "<unk>", "|", *"abcdefghijklmnopqrstuvwxyz'"]


@pytest.fixture
def recording(tmp_path: Path) -> str:
    return _recording(tmp_path / "recording.wav", 1.0)


def _recording(path: Path, seconds: float, loudness: float = 0.3) -> str:
    times = np.arange(int(seconds * RATE)) / RATE
    wave = np.sin(2 * np.pi * 220 * times) * (1 + np.sin(2 * np.pi * 3 * times)) / 2
    soundfile.write(path, (loudness * wave).astype(np.float32), RATE)
    return str(path)


def samples(path: str) -> Any:
    return soundfile.read(path, dtype="float32")[0]


def hearing(folder: Path, head: str, **config: Any) -> Checkpoint:
    """A tiny wav2vec 2.0 with this head, its feature extractor and its letters."""
    import transformers

    (folder / "letters.json").write_text(json.dumps({letter: at for at, letter in enumerate(LETTERS)}))
    words = transformers.Wav2Vec2CTCTokenizer(str(folder / "letters.json"))
    features = transformers.Wav2Vec2FeatureExtractor()
    settings = transformers.Wav2Vec2Config(
        vocab_size=len(LETTERS), hidden_size=tiny.SIZE, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=tiny.SIZE, conv_dim=(8, 8), conv_stride=(20, 16), conv_kernel=(20, 16),
        num_feat_extract_layers=2, num_conv_pos_embeddings=4, num_conv_pos_embedding_groups=2,
        classifier_proj_size=8, **config)
    with tiny.seeded():
        model = getattr(transformers, f"Wav2Vec2{head}")(settings)
        for weights in model.parameters():
            weights.data *= 2
    return tiny.saved(folder / "model", model, features, *([words] if head == "ForCTC" else []))


def whisper(folder: Path) -> Checkpoint:
    import transformers

    words = tiny.tokenizer("t5")
    features = transformers.WhisperFeatureExtractor(feature_size=16, chunk_length=2)
    config = transformers.WhisperConfig(
        vocab_size=len(words), num_mel_bins=16, d_model=tiny.SIZE, encoder_layers=1, decoder_layers=1,
        encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=tiny.SIZE, decoder_ffn_dim=tiny.SIZE,
        max_source_positions=100, max_target_positions=32, pad_token_id=0, bos_token_id=5, eos_token_id=6,
        decoder_start_token_id=5, suppress_tokens=None, begin_suppress_tokens=None)
    with tiny.seeded():
        model = transformers.WhisperForConditionalGeneration(config)
        for weights in model.parameters():
            weights.data *= 3
    model.generation_config.max_new_tokens = 6
    return tiny.saved(folder / "model", model, features, words)


def loaded(checkpoint: Checkpoint, auto: str) -> Any:
    import transformers

    return getattr(transformers, auto).from_pretrained(checkpoint.folder)


async def test_speech_is_written_down_by_ctc(tmp_path: Path, recording: str) -> None:
    checkpoint = hearing(tmp_path, "ForCTC", pad_token_id=0)
    finding = await ran(tmp_path, checkpoint, "automatic-speech-recognition", audio=recording)
    inputs = loaded(checkpoint, "AutoFeatureExtractor")(samples(recording), sampling_rate=RATE, return_tensors="pt")
    tokens = loaded(checkpoint, "AutoModelForCTC").eval()(**inputs).logits[0].argmax(-1)
    assert finding.output == {"text": loaded(checkpoint, "AutoTokenizer").decode(tokens.tolist()).strip()}
    assert finding.confidence is not None
    assert 0 < finding.confidence < 1


async def test_speech_is_written_down_by_an_encoder_decoder(tmp_path: Path, recording: str) -> None:
    import torch

    checkpoint = whisper(tmp_path)
    finding = await ran(tmp_path, checkpoint, "automatic-speech-recognition", audio=recording)
    inputs = loaded(checkpoint, "AutoFeatureExtractor")(samples(recording), sampling_rate=RATE, return_tensors="pt",
                                                        return_attention_mask=True)
    with torch.inference_mode():
        tokens = loaded(checkpoint, "AutoModelForSpeechSeq2Seq").eval().generate(**inputs, do_sample=False)[0]
    expected = loaded(checkpoint, "AutoTokenizer").decode(tokens, skip_special_tokens=True).strip()
    assert finding.output == {"text": expected}
    assert expected
    assert finding.confidence is not None


@pytest.mark.parametrize("make", [whisper, lambda folder: hearing(folder, "ForCTC")], ids=["whisper", "ctc"])
async def test_a_silent_recording_holds_no_speech(tmp_path: Path, make: Any) -> None:
    silence = _recording(tmp_path / "silence.wav", 1.0, loudness=0.0)
    finding = await ran(tmp_path, make(tmp_path), "automatic-speech-recognition", audio=silence)
    assert (finding.empty, finding.output) == (True, {"text": ""})


@pytest.fixture
def sentence(examples: Path) -> Path:
    return next(examples.rglob("*.wav"))


async def test_a_long_recording_is_heard_in_pieces(tmp_path: Path, sentence: Path) -> None:
    heard: list[float] = []
    speech, rate = soundfile.read(sentence, dtype="float32")
    long = tmp_path / "long.wav"
    soundfile.write(long, np.concatenate([speech] * int(40 * rate / len(speech) + 1)), rate)
    checkpoint = hearing(tmp_path, "ForCTC")
    rows = [row for row in audio_hearing.RUNNERS if row.fits(checkpoint)]

    def counted(loaded: Any, piece: Any) -> Any:
        heard.append(len(piece) / RATE)
        return audio_hearing.by_ctc(loaded, piece)

    finding = await in_thread(audio_hearing.transcribed, counted, rows[0].load(checkpoint, "cpu"),
                              {"audio": str(long)}, Store(tmp_path))
    assert finding.output["text"]
    assert len(heard) > 1
    assert max(heard) <= audio_hearing.WINDOW


async def test_what_is_no_recording_is_the_users_to_mend(tmp_path: Path) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"RIFF" + bytes(4) + b"WAVEnonsense")
    with pytest.raises(InputError):
        await ran(tmp_path, hearing(tmp_path, "ForCTC"), "automatic-speech-recognition", audio=str(broken))


async def test_sounds_are_told_apart(tmp_path: Path, recording: str) -> None:
    names = {0: "dog", 1: "cat", 2: "tree"}
    checkpoint = hearing(tmp_path, "ForSequenceClassification", id2label=names)
    finding = await ran(tmp_path, checkpoint, "audio-classification", audio=recording)
    inputs = loaded(checkpoint, "AutoFeatureExtractor")(samples(recording), sampling_rate=RATE, return_tensors="pt")
    scores = loaded(checkpoint, "AutoModelForAudioClassification").eval()(**inputs).logits[0].softmax(-1).tolist()
    best = sorted(zip(names.values(), scores, strict=True), key=lambda pair: -pair[1])
    assert [(label["label"], label["score"]) for label in finding.output["labels"]] == [
        (name, pytest.approx(score, abs=1e-5)) for name, score in best]


def vits(folder: Path, language: str = "eng") -> Checkpoint:
    import transformers

    letters = {letter: at for at, letter in enumerate("_abcdefghijklmnopqrstuvwxyz '")}
    (folder / "vits.json").write_text(json.dumps(letters))
    words = transformers.VitsTokenizer(str(folder / "vits.json"), language=language, phonemize=False, pad_token="_",
                                       unk_token=None)
    config = transformers.VitsConfig(
        vocab_size=len(letters), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, ffn_dim=16, flow_size=16,
        spectrogram_bins=9, duration_predictor_filter_channels=16, prior_encoder_num_flows=2,
        posterior_encoder_num_wavenet_layers=2, upsample_initial_channel=16, upsample_rates=[8, 4],
        upsample_kernel_sizes=[16, 8], resblock_kernel_sizes=[3], resblock_dilation_sizes=[[1]],
        wavenet_dilation_rate=1, prior_encoder_num_wavenet_layers=2, depth_separable_num_layers=2,
        duration_predictor_num_flows=2)
    with tiny.seeded():
        model = transformers.VitsModel(config)
    return tiny.saved(folder / "model", model, words, name="tiny/mms-tts-eng")


async def test_a_text_is_read_aloud(tmp_path: Path) -> None:
    import torch

    checkpoint = vits(tmp_path)
    finding = await ran(tmp_path, checkpoint, "text-to-speech", text="the quick brown fox")
    inputs = loaded(checkpoint, "AutoTokenizer")("the quick brown fox", return_tensors="pt")
    model = loaded(checkpoint, "AutoModelForTextToWaveform").eval()
    with tiny.seeded(), torch.inference_mode():
        wave = model(**inputs).waveform[0].numpy()
    made, rate = soundfile.read(finding.output["audio"], dtype="float32")
    assert rate == RATE
    assert np.allclose(made, wave / max(1.0, np.abs(wave).max()), atol=1e-4)


async def test_a_voice_for_another_language_is_passed_over(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="speaks only English"):
        await ran(tmp_path, vits(tmp_path), "text-to-speech", text="guten tag", language="de")


def musicgen(folder: Path) -> Checkpoint:
    import transformers

    words = tiny.tokenizer("t5")
    text = transformers.T5Config(vocab_size=len(words), d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2)
    sound = transformers.EncodecConfig(hidden_size=16, num_filters=4, codebook_size=32, codebook_dim=16,
                                       upsampling_ratios=[8, 5, 4, 2], target_bandwidths=[3.0])
    decoder = transformers.MusicgenDecoderConfig(vocab_size=32, hidden_size=16, num_hidden_layers=1, ffn_dim=16,
                                                 num_attention_heads=2, num_codebooks=4, pad_token_id=32,
                                                 bos_token_id=32)
    config = transformers.MusicgenConfig(text_encoder=text, audio_encoder=sound, decoder=decoder)
    with tiny.seeded():
        model = transformers.MusicgenForConditionalGeneration(config)
    model.generation_config.max_new_tokens = 12
    model.generation_config.decoder_start_token_id = 32
    features = transformers.EncodecFeatureExtractor()
    return tiny.saved(folder / "model", model, transformers.MusicgenProcessor(features, words))


async def test_sound_is_made_from_words(tmp_path: Path) -> None:
    checkpoint = musicgen(tmp_path)
    first = await ran(tmp_path, checkpoint, "text-to-audio", text="a quick fox")
    again = await ran(tmp_path, checkpoint, "text-to-audio", text="a quick fox")
    made, rate = soundfile.read(first.output["audio"], dtype="float32")
    assert rate == 24_000
    assert len(made) > 0
    assert np.array_equal(made, samples(again.output["audio"]))
