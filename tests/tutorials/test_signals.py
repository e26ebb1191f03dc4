"""Two tones and noise: a filter, the spectrum, the spectrogram and the peaks."""

import numpy as np
from scipy import fft, signal

RATE = 400.0


def program(xp):
    t = xp.arange(800) / RATE
    clean = xp.sin(2 * xp.pi * 12 * t)
    noise = 0.2 * xp.random.default_rng(8).standard_normal(t.shape)
    x = clean + 0.7 * xp.sin(2 * xp.pi * 90 * t) + noise

    b, a = signal.butter(4, 30, fs=RATE)
    smooth = signal.filtfilt(xp.asarray(b), xp.asarray(a), x)
    sections = xp.asarray(signal.cheby1(5, 1, [5, 30], "bandpass", fs=RATE, output="sos"))
    band = signal.sosfiltfilt(sections, x)
    taps = signal.firwin(31, xp.asarray([60.0]), fs=RATE)
    w, response = signal.freqz(b, a, worN=64, fs=RATE)
    frequencies, power = signal.welch(x, RATE, nperseg=256)
    f, times, image = signal.spectrogram(x, RATE, nperseg=128)
    peaks, properties = signal.find_peaks(power, height=1e-3, distance=5)
    spectrum = fft.rfft(x)
    spectrum[fft.rfftfreq(x.size, 1 / RATE) > 50] = 0
    return {
        "smooth": smooth,
        "band": band,
        "fir": signal.lfilter(taps, 1.0, x),
        "convolved": signal.fftconvolve(x, xp.asarray(taps), mode="same"),
        "response": response,
        "power": power,
        "image": image,
        "peaks": frequencies[peaks],
        "heights": properties["peak_heights"],
        "cut": fft.irfft(spectrum, x.size),
        "savgol": signal.savgol_filter(x, 11, 3),
        "median": signal.medfilt(x, 5),
        "resampled": signal.resample(x, 400),
        "detrended": signal.detrend(x + t),
        "envelope": xp.abs(xp.asarray(signal.hilbert(smooth))),
        "error": xp.abs(xp.asarray(smooth) - clean)[50:-50].max(),
    }


def test_filters_and_spectra(same_numbers):
    result = same_numbers(program)
    np.testing.assert_allclose(result["peaks"], [12, 90], atol=1)
    assert result["error"] < 0.3
