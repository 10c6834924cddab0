"""What Lambda is called with, as AWS documents it."""

from __future__ import annotations

import json

# https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html
KINESIS = {
    "Records": [
        {
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "partitionKey": "1",
                "sequenceNumber": "49590338271490256608559692538361571095921575989136588898",
                "data": "SGVsbG8sIHRoaXMgaXMgYSB0ZXN0Lg==",
                "approximateArrivalTimestamp": 1545084650.987,
            },
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "eventID": "shardId-000000000006:"
            "49590338271490256608559692538361571095921575989136588898",
            "eventName": "aws:kinesis:record",
            "invokeIdentityArn": "arn:aws:iam::111122223333:role/lambda-kinesis-role",
            "awsRegion": "us-east-2",
            "eventSourceARN": "arn:aws:kinesis:us-east-2:111122223333:stream/lambda-stream",
        }
    ]
}

# https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
_TABLE = "arn:aws:dynamodb:us-west-2:account-id:table/ExampleTableWithStream"
_STREAM = f"{_TABLE}/stream/2015-06-27T00:00:00.000"


def _change(number, name, **images):
    return {
        "eventID": str(number),
        "eventVersion": "1.0",
        "dynamodb": {
            "ApproximateCreationDateTime": 1479499740,
            "Keys": {"Id": {"N": "101"}},
            **images,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
            "SequenceNumber": str(number * 111),
            "SizeBytes": 26,
        },
        "awsRegion": "us-west-2",
        "eventName": name,
        "eventSourceARN": _STREAM,
        "eventSource": "aws:dynamodb",
    }


_NEW = {"Message": {"S": "New item!"}, "Id": {"N": "101"}}
_CHANGED = {"Message": {"S": "This item has changed"}, "Id": {"N": "101"}}
DYNAMODB = {
    "Records": [
        _change(1, "INSERT", NewImage=_NEW),
        _change(2, "MODIFY", NewImage=_CHANGED, OldImage=_NEW),
        _change(3, "REMOVE", OldImage=_CHANGED),
    ]
}
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-streams.html
EXPIRED = {
    "Records": [
        {
            **_change(4, "REMOVE", OldImage=_CHANGED),
            "userIdentity": {"type": "Service", "principalId": "dynamodb.amazonaws.com"},
        }
    ]
}

# https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
SQS = {
    "Records": [
        {
            "messageId": "059f36b4-87a3-44ab-83d2-661975830a7d",
            "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a...",
            "body": "Test message.",
            "attributes": {
                "ApproximateReceiveCount": "1",
                "SentTimestamp": "1545082649183",
                "SenderId": "AIDAIENQZJOLO23YVJ4VO",
                "ApproximateFirstReceiveTimestamp": "1545082649185",
            },
            "messageAttributes": {},
            "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:us-east-2:111122223333:my-queue",
            "awsRegion": "us-east-2",
        }
    ]
}
FIFO = {
    "Records": [
        {
            "messageId": "11d6ee51-4cc7-4302-9e22-7cd8afdaadf5",
            "receiptHandle": "AQEBBX8nesZEXmkhsmZeyIE8iQAMig7qw...",
            "body": "Test message.",
            "attributes": {
                "ApproximateReceiveCount": "1",
                "SentTimestamp": "1573251510774",
                "SequenceNumber": "18849496460467696128",
                "MessageGroupId": "1",
                "SenderId": "AIDAIO23YVJENQZJOL4VO",
                "MessageDeduplicationId": "1",
                "ApproximateFirstReceiveTimestamp": "1573251510774",
            },
            "messageAttributes": {},
            "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:us-east-2:111122223333:fifo.fifo",
            "awsRegion": "us-east-2",
        }
    ]
}

# https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html
SNS = {
    "Records": [
        {
            "EventVersion": "1.0",
            "EventSubscriptionArn": "arn:aws:sns:us-east-1:123456789012:sns-lambda:21be56ed-a058",
            "EventSource": "aws:sns",
            "Sns": {
                "SignatureVersion": "1",
                "Timestamp": "2019-01-02T12:45:07.000Z",
                "Signature": "tcc6faL2yUC6dgZdmrwh1Y4cGa/ebXEkAi6RibDsvpi+tE/1+82j...65r==",
                "SigningCertUrl": "https://sns.us-east-1.amazonaws.com/SimpleNotificationService.pem",
                "MessageId": "95df01b4-ee98-5cb9-9903-4c221d41eb5e",
                "Message": "Hello from SNS!",
                "MessageAttributes": {"Test": {"Type": "String", "Value": "TestString"}},
                "Type": "Notification",
                "UnsubscribeUrl": "https://sns.us-east-1.amazonaws.com/?Action=Unsubscribe",
                "TopicArn": "arn:aws:sns:us-east-1:123456789012:sns-lambda",
                "Subject": "TestInvoke",
            },
        }
    ]
}

# https://docs.aws.amazon.com/lambda/latest/dg/with-s3.html
S3 = {
    "Records": [
        {
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "awsRegion": "us-east-2",
            "eventTime": "2019-09-03T19:37:27.192Z",
            "eventName": "ObjectCreated:Put",
            "userIdentity": {"principalId": "AWS:AIDAINPONIXQXHT3IKHL2"},
            "requestParameters": {"sourceIPAddress": "205.255.255.255"},
            "responseElements": {
                "x-amz-request-id": "D82B88E5F771F645",
                "x-amz-id-2": "vlR7PnpV2Ce81l0PRw6jlUpck7Jo5ZsQjryTjKlc5aLWGVHPZLj5NeC6qMa0e",
            },
            "s3": {
                "s3SchemaVersion": "1.0",
                "configurationId": "828aa6fc-f7b5-4305-8584-487c791949c1",
                "bucket": {
                    "name": "amzn-s3-demo-bucket",
                    "ownerIdentity": {"principalId": "A3I5XTEXAMAI3E"},
                    "arn": "arn:aws:s3:::lambda-artifacts-deafc19498e3f2df",
                },
                "object": {
                    "key": "b21b84d653bb07b05b1e6b33684dc11b",
                    "size": 1305107,
                    "eTag": "b21b84d653bb07b05b1e6b33684dc11b",
                    "sequencer": "0C0F6F405D6ED209E1",
                },
            },
        }
    ]
}
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
S3_TEST = {
    "Service": "Amazon S3",
    "Event": "s3:TestEvent",
    "Time": "2014-10-13T15:57:02.089Z",
    "Bucket": "amzn-s3-demo-bucket",
    "RequestId": "5582815E1AEA5ADF",
    "HostId": "8cLeGAmw098X5cv4Zkwcmo8vvZa3eH3eKxsPzbB9wrR+YstdA6Knx4Ip8EXAMPLE",
}

# https://docs.aws.amazon.com/eventbridge/latest/ref/events-structure.html
EVENTBRIDGE = {
    "version": "0",
    "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
    "detail-type": "EC2 Instance State-change Notification",
    "source": "aws.ec2",
    "account": "111122223333",
    "time": "2017-12-22T18:43:48Z",
    "region": "us-west-1",
    "resources": ["arn:aws:ec2:us-west-1:111122223333:instance/i-1234567890abcdef0"],
    "detail": {"instance-id": " i-1234567890abcdef0", "state": "terminated"},
}

# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-run-lambda-schedule.html
CRON = {
    "version": "0",
    "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
    "detail-type": "Scheduled Event",
    "source": "aws.events",
    "account": "123456789012",
    "time": "2015-10-08T16:53:06Z",
    "region": "us-east-1",
    "resources": ["arn:aws:events:us-east-1:123456789012:rule/my-scheduled-rule"],
    "detail": {},
}

_ALARM = "arn:aws:cloudwatch:us-east-1:444455556666:alarm:lambda-demo-metric-alarm"
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions-Lambda.html
ALARM = {
    "source": "aws.cloudwatch",
    "alarmArn": _ALARM,
    "accountId": "444455556666",
    "time": "2023-08-04T12:36:15.490+0000",
    "region": "us-east-1",
    "alarmData": {
        "alarmName": "lambda-demo-metric-alarm",
        "state": {
            "value": "ALARM",
            "reason": "test",
            "timestamp": "2023-08-04T12:36:15.490+0000",
        },
        "previousState": {
            "value": "INSUFFICIENT_DATA",
            "reason": "Insufficient Data: 5 datapoints were unknown.",
            "timestamp": "2023-08-04T12:31:29.591+0000",
        },
        "configuration": {"description": "Metric Alarm to test Lambda actions", "metrics": []},
    },
}
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html
ALARM_CHANGED = {
    "version": "0",
    "id": "c4c1c1c9-6542-e61b-6ef0-8c4d36933a92",
    "detail-type": "CloudWatch Alarm State Change",
    "source": "aws.cloudwatch",
    "account": "444455556666",
    "time": "2023-08-04T12:36:15Z",
    "region": "us-east-1",
    "resources": [_ALARM],
    "detail": ALARM["alarmData"],
}
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
ALARM_NOTIFIED = {
    "AlarmName": "lambda-demo-metric-alarm",
    "AlarmDescription": "Metric Alarm to test Lambda actions",
    "AWSAccountId": "444455556666",
    "NewStateValue": "ALARM",
    "NewStateReason": "test",
    "StateChangeTime": "2023-08-04T12:36:15.490+0000",
    "Region": "US East (N. Virginia)",
    "AlarmArn": _ALARM,
    "OldStateValue": "INSUFFICIENT_DATA",
    "Trigger": {"MetricName": "Errors", "Namespace": "AWS/Lambda"},
}


def in_sqs(*bodies):
    """Give messages with these bodies."""
    (message,) = SQS["Records"]
    return {
        "Records": [
            {**message, "messageId": f"message-{number}", "body": json.dumps(body)}
            for number, body in enumerate(bodies)
        ]
    }


def in_sns(*messages):
    """Give notifications with these messages."""
    (record,) = SNS["Records"]
    return {
        "Records": [
            {**record, "Sns": {**record["Sns"], "Message": json.dumps(message)}}
            for message in messages
        ]
    }


def in_sqs_sns(*messages):
    """Give notifications in a queue."""
    return in_sqs(*(record["Sns"] for record in in_sns(*messages)["Records"]))
