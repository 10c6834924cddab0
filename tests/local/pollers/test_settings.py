"""Mappings in the words of CreateEventSourceMapping."""

from __future__ import annotations

from cdk_streamer_local.pollers.settings import Settings


def test_a_mapping_without_settings_has_the_documented_ones():
    assert Settings.of({}) == Settings(batch_size=100, lanes=1, retries=None, age_seconds=None)


def test_everything_that_a_mapping_says_is_taken():
    mapping = {
        "BatchSize": 7,
        "MaximumBatchingWindowInSeconds": 3,
        "ParallelizationFactor": 10,
        "BisectBatchOnFunctionError": True,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "MaximumRetryAttempts": 0,
        "MaximumRecordAgeInSeconds": 60,
    }

    assert Settings.of(mapping) == Settings(
        batch_size=7,
        window_seconds=3,
        lanes=10,
        bisect=True,
        partial=True,
        retries=0,
        age_seconds=60,
    )


def test_minus_one_is_without_limit():
    mapping = {"MaximumRetryAttempts": -1, "MaximumRecordAgeInSeconds": -1}

    assert Settings.of(mapping) == Settings()


def test_without_settings_the_class_says_the_same_as_an_empty_mapping():
    assert Settings() == Settings.of({"ParallelizationFactor": None, "FunctionResponseTypes": None})
