"""Lets everybody in who knows the word."""


def handler(event, context):
    headers = {name.lower(): value for name, value in event["headers"].items()}
    knows = "open sesame" in headers.get("authorization", "")
    return {
        "principalId": "user",
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Action": "execute-api:Invoke",
                    "Effect": "Allow" if knows else "Deny",
                    "Resource": event["methodArn"],
                }
            ],
        },
        "context": {"tenant": "acme"},
    }
