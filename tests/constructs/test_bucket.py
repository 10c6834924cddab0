"""The bucket for results and uploads."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aws_cdk import Duration, RemovalPolicy, Stack, aws_kms as kms, aws_s3 as s3

from cdk_streamer_runtime import contract
from tests.constructs.stacks import (
    actions,
    full_api,
    full_template,
    new_api,
    new_stack,
    resources,
    template_of,
    the,
)

BUCKET, FUNCTION = "AWS::S3::Bucket", "AWS::Lambda::Function"
READERS = ["ApiSocketMessage", "ApiHttpHandler", "ApiWorker", "ApiDurable", "ApiWebhook"]


@pytest.fixture(scope="module")
def bucket() -> dict[str, Any]:
    return the(full_template(), BUCKET, "ApiBucket")


def rules(bucket: dict[str, Any]) -> dict[str, int]:
    """Give the days that objects are kept, by prefix."""
    return {
        rule["Prefix"]: rule["ExpirationInDays"]
        for rule in bucket["LifecycleConfiguration"]["Rules"]
    }


def test_nobody_can_make_it_public(bucket: dict[str, Any]):
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}


def test_it_is_encrypted_and_refuses_plain_http(bucket: dict[str, Any]):
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    denied = the(full_template(), "AWS::S3::BucketPolicy", "ApiBucket")["PolicyDocument"]
    conditions = [statement["Condition"] for statement in denied["Statement"]]
    assert {"Bool": {"aws:SecureTransport": "false"}} in conditions
    assert {statement["Effect"] for statement in denied["Statement"]} == {"Deny"}


def test_a_result_outlives_its_request_and_an_upload_the_request_that_names_it():
    stack = new_stack()
    new_api(stack, retention=Duration.days(2), durable=Duration.days(10))
    kept = rules(the(template_of(stack), BUCKET, "ApiBucket"))
    assert kept[contract.RESULT_PREFIX] == 3
    assert kept[contract.UPLOAD_PREFIX] >= 2 + 3 + 10


def test_an_upload_that_was_never_finished_is_forgotten(bucket: dict[str, Any]):
    aborted = [
        rule["AbortIncompleteMultipartUpload"] for rule in bucket["LifecycleConfiguration"]["Rules"]
    ]
    assert aborted == [{"DaysAfterInitiation": 1}] * 2


def test_pages_of_the_origins_upload_and_download(bucket: dict[str, Any]):
    (rule,) = bucket["CorsConfiguration"]["CorsRules"]
    assert rule["AllowedOrigins"] == ["https://app.example.com", "http://localhost:5173"]
    assert rule["AllowedMethods"] == ["GET", "PUT"]


@pytest.mark.parametrize("name", READERS)
def test_who_reads_or_writes_knows_the_bucket(name: str):
    variables = the(full_template(), FUNCTION, f"{name}Function")["Environment"]["Variables"]
    assert variables["CDK_STREAMER_BUCKET_NAME"] == Stack.of(full_api()).resolve(
        full_api().bucket.bucket_name
    )


def test_it_stays_when_the_stack_goes_unless_it_need_not():
    stack = new_stack()
    new_api(stack, removal_policy=RemovalPolicy.DESTROY)
    (gone,) = (r for r in template_of(stack)["Resources"].values() if r["Type"] == BUCKET)
    (kept,) = (r for r in full_template()["Resources"].values() if r["Type"] == BUCKET)
    assert (kept["DeletionPolicy"], kept["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert gone["DeletionPolicy"] == "Delete"


def test_a_bucket_of_the_users_takes_the_place_of_ours():
    stack = new_stack()
    mine = s3.Bucket(stack, "Mine")
    api = new_api(stack, bucket=mine)
    template = template_of(stack)
    assert api.bucket is mine
    assert [name[:4] for name in resources(template, BUCKET)] == ["Mine"]
    role = the(template, "AWS::IAM::Role", "ApiWorker")
    assert "/requests/*" in json.dumps(role["Policies"])


def test_a_customers_key_encrypts_it_and_who_uses_it_may_use_the_key():
    stack = new_stack()
    new_api(stack, encryption_key=kms.Key(stack, "Key"))
    template = template_of(stack)
    (rule,) = the(template, BUCKET, "Api")["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert rule["BucketKeyEnabled"] is True
    worker = actions(the(template, "AWS::IAM::Role", "ApiWorkerRole"))
    assert {"kms:Decrypt", "kms:GenerateDataKey"} <= worker


def test_the_key_of_a_bucket_that_is_brought_can_be_used():
    stack = new_stack()
    key: Any = kms.Key(stack, "Key")
    mine = s3.Bucket(stack, "Mine", encryption=s3.BucketEncryption.KMS, encryption_key=key)
    new_api(stack, bucket=mine)
    worker = actions(the(template_of(stack), "AWS::IAM::Role", "ApiWorkerRole"))
    assert {"kms:Decrypt", "kms:GenerateDataKey"} <= worker
