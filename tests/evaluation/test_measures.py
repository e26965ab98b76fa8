"""Divergence, stored log-probabilities and statistics, against llama-perplexity's formulas written out in scalars."""

from math import exp, log, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qrecipe.evaluation import divergence
from qrecipe.evaluation.divergence import EXACT, Scores, compare, joined, log_softmax
from qrecipe.evaluation.statistics import measures_of, quantile
from qrecipe.evaluation.stored import STORED, stored_log_probabilities

F = np.float32
SEEDS = st.integers(0, 2**32 - 1)


def logits(seed, rows=30, vocabulary=50, spread=3.0):
    return np.random.default_rng(seed).normal(0, spread, (rows, vocabulary)).astype(F)


def written_by_llama_perplexity(row):
    """One row of the file: scale, least log-probability, codes."""
    best, least = max(row), max(min(row), max(row) - F(16))
    log_sum = F(log(sum(float(np.exp(x - best)) for x in row)))
    scale = F((best - least) / F(65535))
    codes = [int(np.rint(F(F(1) / scale) * F(x - least))) if x > least else 0 for x in row] if scale else [0] * len(row)
    return scale, F(least - best - log_sum), codes


def divergence_by_llama_perplexity(row, artifact):
    scale, least, codes = written_by_llama_perplexity(row)
    best = max(artifact)
    log_sum = best + F(log(sum(float(np.exp(x - best)) for x in artifact)))
    total = 0.0
    for code, logit in zip(codes, artifact, strict=True):
        stored = F(scale * F(code)) + least
        if stored > -16:
            total += float(np.exp(stored)) * float(stored - logit + log_sum)
    return total


@given(SEEDS, st.sampled_from([0.5, 3.0, 12.0]))
def test_stored_log_probabilities_are_those_of_the_file(seed, spread):
    values = logits(seed, 4, 40, spread)
    for row, found in zip(values, stored_log_probabilities(values), strict=True):
        scale, least, codes = written_by_llama_perplexity(row)
        expected = [float(F(scale * F(code)) + least) for code in codes]
        assert np.abs(found - expected).max() <= 2e-6
        assert np.abs(found - log_softmax(row[None])[0])[row > row.max() - 16].max() <= scale / 2 + 1e-5


def test_equal_logits_are_stored_as_equal():
    assert stored_log_probabilities(np.zeros((1, 8), F))[0] == pytest.approx([-log(8)] * 8, abs=1e-6)


@given(SEEDS)
def test_divergence_from_what_is_stored(seed):
    source, artifact = logits(seed, 3), logits(seed + 1, 3)
    found = compare(source, artifact, np.zeros(3, np.int32), STORED)
    expected = [divergence_by_llama_perplexity(row, other) for row, other in zip(source, artifact, strict=True)]
    assert found.kld == pytest.approx(expected, abs=2e-5)


@given(SEEDS)
def test_divergence_is_its_definition(seed):
    source, artifact = logits(seed, 5), logits(seed + 1, 5)
    targets = np.arange(5, dtype=np.int32)
    found = compare(source, artifact, targets, EXACT)
    p, q = (np.exp(x.astype(np.float64)) for x in (source, artifact))
    p, q = p / p.sum(1, keepdims=True), q / q.sum(1, keepdims=True)
    assert found.kld == pytest.approx((p * np.log(p / q)).sum(1))
    assert found.kld.min() > 0
    assert found.nll == pytest.approx(-np.log(q[range(5), targets]))
    assert found.nll_source == pytest.approx(-np.log(p[range(5), targets]))
    assert found.same_top.tolist() == (p.argmax(1) == q.argmax(1)).tolist()


def test_a_model_differs_from_itself_by_exactly_nothing():
    source = logits(3, spread=30)
    source[:, 7] = -np.inf  # a token that is ruled out
    found = measures_of(compare(source, source, np.zeros(30, np.int32), EXACT))
    assert (found.kld.value, found.kld_max, found.same_top.value, found.log_ratio.value) == (0, 0, 1, 0)


def test_rows_are_compared_a_few_at_a_time(monkeypatch):
    source, artifact, targets = logits(1), logits(2), np.arange(30, dtype=np.int32)
    at_once = compare(source, artifact, targets, EXACT)
    monkeypatch.setattr(divergence, "_HELD", 170)
    assert (compare(source, artifact, targets, EXACT).kld == at_once.kld).all()


def mean(values):
    count = len(values)
    f = sum(values) / count
    df = sum(v * v for v in values) / count - f * f
    return f, sqrt(df / (count - 1)) if df > 0 else 0.0


def told(*estimates):
    return [number for each in estimates for number in (each.value, each.error)]


@given(SEEDS, st.integers(11, 300))
def test_means_and_errors_are_llama_perplexitys(seed, count):
    rng = np.random.default_rng(seed)
    kld, nll, base = rng.gamma(0.5, 0.1, count), rng.gamma(2, 1, count), rng.gamma(2, 1, count)
    same = rng.random(count) < 0.9
    found = measures_of(Scores(kld, nll, base, same))
    (a, a_error), (b, b_error), top = mean(nll), mean(base), float(same.mean())
    assert told(found.kld) == pytest.approx(mean(kld))
    assert told(found.perplexity) == pytest.approx((exp(a), exp(a) * a_error))
    assert told(found.perplexity_source) == pytest.approx((exp(b), exp(b) * b_error))
    covariance = (sum(nll * base) / count - a * b) / (count - 1)
    assert told(found.log_ratio) == pytest.approx((a - b, sqrt(a_error**2 + b_error**2 - 2 * covariance)))
    assert told(found.same_top) == pytest.approx((top, sqrt(top * (1 - top) / (count - 1))))
    square, error = mean([(exp(-x) - exp(-y)) ** 2 for x, y in zip(nll, base, strict=True)])
    assert told(found.rms_change) == pytest.approx((sqrt(square), 0.5 / sqrt(square) * error))


@given(SEEDS, st.integers(2, 300))
def test_quantiles_are_llama_perplexitys(seed, count):
    kld = np.random.default_rng(seed).gamma(0.5, 0.1, count)
    found = measures_of(Scores(kld, kld, kld, kld > 0))
    ordered = sorted(kld)
    for share, value in ((0.99, found.kld_99), (0.999, found.kld_999)):
        place = share * (count - 1)
        below = int(place)
        part = place - below
        expected = (1 - part) * ordered[below] + part * ordered[min(below + 1, count - 1)]
        assert value.value == pytest.approx(expected)
        assert value.low <= value.value <= value.high
    middle = ordered[count // 2] if count % 2 else 0.5 * (ordered[count // 2] + ordered[count // 2 - 1])
    assert found.kld_median.value == pytest.approx(middle)
    assert found.kld_max == ordered[-1]


def test_few_values_have_no_error():
    assert measures_of(Scores(np.ones(3), np.ones(3), np.ones(3), np.ones(3, bool))).kld.error == 0


def test_the_interval_of_a_quantile_holds_it_in_95_of_100_samples():
    rng = np.random.default_rng(5)
    found = [quantile(np.sort(rng.random(400)), 0.9) for _ in range(2000)]
    assert sum(each.low <= 0.9 <= each.high for each in found) / 2000 == pytest.approx(0.95, abs=0.02)


def test_scores_of_windows_are_joined_in_order():
    one, two = (Scores(np.full(2, v), np.full(2, v), np.full(2, v), np.full(2, bool(v))) for v in (0.0, 1.0))
    assert joined([one, two]).kld.tolist() == [0, 0, 1, 1]
