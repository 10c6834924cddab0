"""Users of the engine, for whoever signs what it sends."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from cdk_streamer_local.cloud.services import Services

DEVELOPER = "developer"
CALLING = ("execute-api:Invoke",)
_POLICY = "Local"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """An IAM user's access key."""

    user: str
    user_id: str
    access_key: str
    secret_key: str = field(repr=False)


def credentials(
    services: Services, user: str, actions: Sequence[str], resources: Sequence[str]
) -> Credentials:
    """Give a new key of a user, who is made if need be and may do this and nothing else."""
    client = services.client("iam")
    try:
        found = client.get_user(UserName=user)["User"]
    except client.exceptions.NoSuchEntityException:
        found = client.create_user(UserName=user)["User"]
    statement = {
        "Effect": "Allow" if actions else "Deny",
        "Action": list(actions) or "*",
        "Resource": list(resources),
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    client.put_user_policy(UserName=user, PolicyName=_POLICY, PolicyDocument=document)
    key = client.create_access_key(UserName=user)["AccessKey"]
    return Credentials(
        user=user,
        user_id=found["UserId"],
        access_key=key["AccessKeyId"],
        secret_key=key["SecretAccessKey"],
    )


def signing(services: Services, key: Credentials) -> dict[str, str]:
    """Give the variables with which boto3 and the AWS command line sign with a key."""
    return {
        "AWS_ACCESS_KEY_ID": key.access_key,
        "AWS_SECRET_ACCESS_KEY": key.secret_key,
        "AWS_REGION": services.region,
        "AWS_DEFAULT_REGION": services.region,
        "AWS_ENDPOINT_URL": services.endpoint,
    }
