"""One computation of each kind that NumPy is taken for, each with an answer known otherwise."""

import numpy as np


def test_svd_gives_the_matrix_back():
    rng = np.random.default_rng(7)
    matrix = rng.normal(size=(40, 25))
    u, s, vt = np.linalg.svd(matrix, full_matrices=False)
    np.testing.assert_allclose(u @ np.diag(s) @ vt, matrix, atol=1e-12)
    assert np.all(np.diff(s) <= 0)


def test_fft_finds_the_frequencies():
    time = np.arange(1024) / 1024
    signal = np.sin(2 * np.pi * 50 * time) + 0.5 * np.cos(2 * np.pi * 120 * time)
    spectrum = np.abs(np.fft.rfft(signal)) / 512
    np.testing.assert_allclose(spectrum[[50, 120]], [1.0, 0.5], atol=1e-9)
    np.testing.assert_allclose(np.fft.irfft(np.fft.rfft(signal)), signal, atol=1e-12)


def test_random_streams_are_the_published_ones():
    assert np.random.default_rng(12345).integers(0, 100, 5).tolist() == [69, 22, 78, 31, 20]
    draws = np.random.Generator(np.random.Philox(1)).normal(size=100_000)
    assert abs(draws.mean()) < 0.01
    assert abs(draws.std() - 1) < 0.01


def test_datetime64_arithmetic():
    days = np.arange("2024-02-27", "2024-03-02", dtype="datetime64[D]")
    assert days.astype(str).tolist() == ["2024-02-27", "2024-02-28", "2024-02-29", "2024-03-01"]
    assert np.busday_count("2024-02-01", "2024-03-01") == 21
    assert (days[-1] - days[0]) / np.timedelta64(1, "h") == 72


def test_structured_dtypes_round_trip():
    kind = np.dtype([("name", "U8"), ("at", "<f8", (2,)), ("n", "<i8")])
    table = np.array([("a", (1.5, 2.5), 2**40), ("b", (0.0, -1.0), -3)], dtype=kind)
    again = np.frombuffer(table.tobytes(), dtype=kind)
    assert again["n"].tolist() == [2**40, -3]
    assert np.sort(table, order="n")["name"].tolist() == ["b", "a"]
    assert table["at"].sum(axis=0).tolist() == [1.5, 1.5]
