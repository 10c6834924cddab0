"""Keys, sizes, indexes and transactions of tables in memory."""

from __future__ import annotations

import threading

import pytest

from cdk_streamer_runtime.dynamodb import Check, Delete, Put, Update
from cdk_streamer_runtime.errors import AwsError, ConditionFailed, TransactionCancelled

KEY = {"pk": "p", "sk": "a"}


def code_of(call, *arguments, **keywords) -> str:
    with pytest.raises(AwsError) as raised:
        call(*arguments, **keywords)
    return raised.value.code


# --- items -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "item",
    [
        {},
        {"pk": "p"},
        {"pk": "", "sk": "a"},
        {"pk": "p", "sk": ""},
        {"pk": 1, "sk": "a"},
        {"pk": "p" * 2049, "sk": "a"},
        {"pk": "p", "sk": "a" * 1025},
        {**KEY, "owner_key": 1},
        {**KEY, "owner_key": ""},
        {**KEY, "rank": "first"},
    ],
)
def test_an_item_with_a_wrong_key_is_refused(table, item):
    assert code_of(table.put, item) == "ValidationException"


@pytest.mark.parametrize("key", [{}, {"pk": "p"}, {**KEY, "n": 1}, {"pk": "p", "sk": 1}])
def test_a_key_that_is_not_the_tables_is_refused(table, key):
    assert code_of(table.get, key) == "ValidationException"


def test_an_item_of_400_kilobytes_is_stored(table):
    item = {**KEY, "x": "y" * (400 * 1024 - len("pkpska" + "x"))}
    table.put(item)
    assert table.get(KEY) == item


def test_an_item_over_400_kilobytes_is_refused(table):
    item = {**KEY, "x": "y" * (400 * 1024 - len("pkpska" + "x") + 1)}
    assert code_of(table.put, item) == "ValidationException"


def test_an_update_cannot_outgrow_400_kilobytes(table):
    table.put({**KEY, "x": "y" * 399 * 1024})
    code = code_of(table.update, KEY, "SET z = :z", values={":z": "z" * 1024})
    assert (code, sorted(table.get(KEY))) == ("ValidationException", ["pk", "sk", "x"])


def test_an_update_may_grow_what_another_part_of_it_shrinks(table):
    table.put({**KEY, "x": "y" * 399 * 1024})
    table.update(KEY, "SET z = :z REMOVE x", values={":z": "z" * 1024 * 300})
    assert len(table.get(KEY)["z"]) == 300 * 1024


def test_answers_do_not_share_what_is_stored(aws, table):
    table.put({**KEY, "doc": {"a": [1]}})
    wire_key = {"pk": {"S": "p"}, "sk": {"S": "a"}}
    answer = aws.call("dynamodb", "GetItem", {"TableName": "table", "Key": wire_key})
    answer["Item"]["doc"]["M"]["a"]["L"].clear()
    assert table.get(KEY) == {**KEY, "doc": {"a": [1]}}


def test_an_unknown_table_is_told(aws):
    asked = {"TableName": "other", "Key": {}}
    assert code_of(aws.call, "dynamodb", "GetItem", asked) == "ResourceNotFoundException"


@pytest.mark.parametrize(
    ("service", "operation"),
    [("dynamodb", "DescribeTable"), ("sqs", "CreateQueue"), ("glue", "GetTable")],
)
def test_what_the_memory_does_not_know_is_not_passed_over(aws, service, operation):
    with pytest.raises(NotImplementedError):
        aws.call(service, operation, {"TableName": "table", "QueueUrl": aws.queue_url("work")})


def test_concurrent_updates_lose_nothing(table):
    def count():
        for _ in range(200):
            table.update(KEY, "ADD n :one", values={":one": 1})

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert table.get(KEY)["n"] == 800


# --- queries -----------------------------------------------------------------------------------


@pytest.fixture
def filled(table):
    for number in range(5):
        table.put(
            {
                "pk": "p",
                "sk": f"s{number}",
                "owner_key": "alice",
                "created_key": f"c{9 - number}",
                "title": f"t{number}",
                "secret": number,
                "rank": number * 10,
            }
        )
    table.put({"pk": "q", "sk": "s0", "owner_key": "alice", "created_key": "c0", "rank": 5})
    table.put({"pk": "q", "sk": "s1", "created_key": "c1"})
    return table


def sorts(page) -> list[str]:
    return [item["sk"] for item in page.items]


@pytest.mark.parametrize(
    ("condition", "values", "found"),
    [
        ("pk = :p", {":p": "p"}, ["s0", "s1", "s2", "s3", "s4"]),
        ("pk = :p AND sk = :s", {":p": "p", ":s": "s2"}, ["s2"]),
        ("sk = :s AND pk = :p", {":p": "p", ":s": "s2"}, ["s2"]),
        ("(pk = :p) AND (sk < :s)", {":p": "p", ":s": "s2"}, ["s0", "s1"]),
        ("pk = :p AND sk <= :s", {":p": "p", ":s": "s1"}, ["s0", "s1"]),
        ("pk = :p AND sk > :s", {":p": "p", ":s": "s3"}, ["s4"]),
        ("pk = :p AND sk BETWEEN :s AND :t", {":p": "p", ":s": "s1", ":t": "s2"}, ["s1", "s2"]),
        ("pk = :p AND begins_with(sk, :s)", {":p": "p", ":s": "s"}, ["s0", "s1", "s2", "s3", "s4"]),
        ("pk = :p", {":p": "nobody"}, []),
    ],
)
def test_a_query_finds_a_part_of_a_partition_in_order(filled, condition, values, found):
    assert sorts(filled.query(condition, values=values)) == found


def test_a_query_can_go_backward(filled):
    assert sorts(filled.query("pk = :p", values={":p": "p"}, forward=False))[:2] == ["s4", "s3"]


@pytest.mark.parametrize("forward", [True, False])
@pytest.mark.parametrize("index", [None, "by_owner", "by_rank"])
def test_pages_put_together_are_the_whole(filled, index, forward):
    name, value = ("pk", "p") if index is None else ("owner_key", "alice")
    asked = {"values": {":v": value}, "index": index, "forward": forward}
    whole = filled.query(f"{name} = :v", **asked)

    pages = [filled.query(f"{name} = :v", **asked, limit=2)]
    while pages[-1].next_key is not None:
        pages.append(filled.query(f"{name} = :v", **asked, limit=2, start=pages[-1].next_key))

    assert [item for page in pages for item in page.items] == whole.items


def test_a_filter_sees_a_page_after_the_limit_has_cut_it(filled):
    page = filled.query("pk = :p", values={":p": "p", ":h": 3}, keep="secret = :h", limit=2)
    assert (page.items, page.next_key) == ([], {"pk": "p", "sk": "s1"})


def test_a_page_ends_at_a_megabyte(table):
    for number in range(4):
        table.put({"pk": "p", "sk": f"s{number}", "x": "y" * 390 * 1024})
    page = table.query("pk = :p", values={":p": "p"})
    assert (sorts(page), page.next_key) == (["s0", "s1", "s2"], {"pk": "p", "sk": "s2"})


def test_an_index_has_its_own_order_and_projection(filled):
    page = filled.query("owner_key = :o", values={":o": "alice"}, index="by_owner", limit=2)
    assert page.items == [
        {"pk": "q", "sk": "s0", "owner_key": "alice", "created_key": "c0"},
        {"pk": "p", "sk": "s4", "owner_key": "alice", "created_key": "c5", "title": "t4"},
    ]
    assert page.next_key == {"pk": "p", "sk": "s4", "owner_key": "alice", "created_key": "c5"}


def test_an_index_of_numbers_sorts_by_number(filled):
    page = filled.query("owner_key = :o", values={":o": "alice"}, index="by_rank")
    assert [item["rank"] for item in page.items] == [0, 5, 10, 20, 30, 40]


def test_an_item_leaves_an_index_with_its_key(filled):
    filled.update({"pk": "q", "sk": "s0"}, "REMOVE created_key")
    page = filled.query("owner_key = :o", values={":o": "alice"}, index="by_owner")
    assert ("q", "s0") not in [(item["pk"], item["sk"]) for item in page.items]


def test_a_deleted_item_is_in_no_index(filled):
    filled.delete({"pk": "q", "sk": "s0"})
    page = filled.query("owner_key = :o", values={":o": "alice"}, index="by_rank")
    assert sorts(page) == ["s0", "s1", "s2", "s3", "s4"]


@pytest.mark.parametrize(
    ("condition", "values", "more"),
    [
        ("sk = :s", {":s": "a"}, {}),
        ("pk > :p", {":p": "a"}, {}),
        ("pk = :p OR sk = :s", {":p": "p", ":s": "a"}, {}),
        ("pk = :p AND NOT sk = :s", {":p": "p", ":s": "a"}, {}),
        ("pk = :p AND sk <> :s", {":p": "p", ":s": "a"}, {}),
        ("pk = :p AND sk IN (:s)", {":p": "p", ":s": "a"}, {}),
        ("pk = :p AND contains(sk, :s)", {":p": "p", ":s": "a"}, {}),
        ("pk = :p AND title = :s", {":p": "p", ":s": "a"}, {}),
        ("pk = :p AND sk = :s AND sk > :s", {":p": "p", ":s": "a"}, {}),
        ("pk = :p", {":p": 1}, {}),
        ("pk = :p", {":p": ""}, {}),
        ("pk = :p AND sk = :s", {":p": "p", ":s": 1}, {}),
        ("pk = :p", {":p": "p"}, {"limit": 0}),
        ("pk = :p", {":p": "p"}, {"index": "unknown"}),
        ("pk = :p", {":p": "p", ":s": "a"}, {"keep": "sk = :s"}),
        ("pk = :p", {":p": "p"}, {"start": {"pk": "p"}}),
    ],
)
def test_a_query_that_is_none_is_refused(filled, condition, values, more):
    assert code_of(filled.query, condition, values=values, **more) == "ValidationException"


def test_an_index_cannot_be_read_consistently(aws, filled):
    asked = {
        "TableName": "table",
        "IndexName": "by_owner",
        "KeyConditionExpression": "owner_key = :o",
        "ExpressionAttributeValues": {":o": {"S": "alice"}},
        "ConsistentRead": True,
    }
    assert code_of(aws.call, "dynamodb", "Query", asked) == "ValidationException"


# --- transactions and batches ------------------------------------------------------------------


def test_a_transaction_does_all(table):
    table.put(KEY)
    table.put({"pk": "p", "sk": "old"})
    table.transact(
        [
            Put(item={"pk": "p", "sk": "new"}, condition="attribute_not_exists(pk)"),
            Update(key={"pk": "p", "sk": "made"}, expression="SET n = :n", values={":n": 1}),
            Delete(key={"pk": "p", "sk": "old"}),
            Check(key=KEY, condition="attribute_exists(pk)"),
        ]
    )
    assert sorts(table.query("pk = :p", values={":p": "p"})) == ["a", "made", "new"]


def test_a_transaction_does_nothing_when_one_condition_fails(aws, table):
    table.put({**KEY, "n": 1})
    with pytest.raises(TransactionCancelled) as raised:
        table.transact(
            [
                Put(item={"pk": "p", "sk": "new"}),
                Update(key=KEY, expression="ADD n :n", condition="n > :n", values={":n": 1}),
            ]
        )
    assert raised.value.reasons == [
        {"Code": "None"},
        {"Code": "ConditionalCheckFailed", "Item": {**KEY, "n": 1}},
    ]
    assert raised.value.condition_failed
    assert [item["sk"]["S"] for item in aws.items("table")] == ["a"]


def test_a_transaction_that_does_not_fit_an_item_is_cancelled(table):
    with pytest.raises(TransactionCancelled) as raised:
        table.transact([Update(key=KEY, expression="SET a.b = :v", values={":v": 1})])
    assert raised.value.reasons == [{"Code": "ValidationError"}]
    assert not raised.value.condition_failed


def test_a_transaction_writes_an_item_once(table):
    writes = [Put(item=KEY), Delete(key=KEY)]
    assert code_of(table.transact, writes) == "ValidationException"


def test_a_transaction_has_a_hundred_writes_at_most(table):
    writes = [Put(item={"pk": "p", "sk": f"{number}"}) for number in range(101)]
    assert code_of(table.transact, writes) == "ValidationException"


def test_a_repeated_transaction_is_done_once(table):
    writes = [Update(key=KEY, expression="ADD n :n", values={":n": 1})]
    table.transact(writes, token="t")
    table.transact(writes, token="t")
    assert table.get(KEY)["n"] == 1


def test_a_transaction_is_forgotten_after_ten_minutes(table, clock):
    writes = [Update(key=KEY, expression="ADD n :n", values={":n": 1})]
    table.transact(writes, token="t")
    clock.pass_seconds(600)
    table.transact(writes, token="t")
    assert table.get(KEY)["n"] == 2


def test_a_token_belongs_to_one_transaction(table):
    table.transact([Put(item=KEY)], token="t")
    other = [Put(item={"pk": "p", "sk": "other"})]
    assert code_of(table.transact, other, token="t") == "IdempotentParameterMismatchException"


def test_a_batch_is_written_and_read(aws):
    items = [{"pk": {"S": "p"}, "sk": {"S": sort}} for sort in "ab"]
    puts = [{"PutRequest": {"Item": item}} for item in items]
    aws.call("dynamodb", "BatchWriteItem", {"RequestItems": {"table": puts}})
    aws.call(
        "dynamodb",
        "BatchWriteItem",
        {"RequestItems": {"table": [{"DeleteRequest": {"Key": items[0]}}]}},
    )
    answer = aws.call("dynamodb", "BatchGetItem", {"RequestItems": {"table": {"Keys": items}}})
    assert answer == {"Responses": {"table": [items[1]]}, "UnprocessedKeys": {}}


# --- conditions and streams --------------------------------------------------------------------


def test_a_failed_condition_tells_what_is_stored(table):
    table.put({**KEY, "n": 1})
    with pytest.raises(ConditionFailed) as raised:
        table.put(KEY, condition="attribute_not_exists(pk)")
    assert raised.value.item == {**KEY, "n": 1}


def test_a_failed_condition_on_nothing_tells_nothing(table):
    with pytest.raises(ConditionFailed) as raised:
        table.delete(KEY, condition="attribute_exists(pk)")
    assert raised.value.item is None


def test_the_stream_tells_each_change_once_and_in_order(aws, table, clock):
    table.put({**KEY, "n": 1})
    table.update(KEY, "SET n = :n", values={":n": 2})
    table.update(KEY, "SET n = :n", values={":n": 2})
    table.delete(KEY)

    records = aws.stream_records("table")

    images = [record["dynamodb"] for record in records]
    assert [record["eventName"] for record in records] == ["INSERT", "MODIFY", "REMOVE"]
    assert [image.get("OldImage", {}).get("n") for image in images] == [
        None,
        {"N": "1"},
        {"N": "2"},
    ]
    assert [image.get("NewImage", {}).get("n") for image in images] == [
        {"N": "1"},
        {"N": "2"},
        None,
    ]
    assert images[0]["Keys"] == {"pk": {"S": "p"}, "sk": {"S": "a"}}
    assert images[0]["ApproximateCreationDateTime"] == clock.now // 1000


def test_the_stream_is_read_on_from_a_place(aws, table):
    table.put(KEY)
    seen = int(aws.stream_records("table")[-1]["dynamodb"]["SequenceNumber"])
    table.delete(KEY)
    assert [record["eventName"] for record in aws.stream_records("table", after=seen)] == ["REMOVE"]


def test_the_stream_keeps_a_day(aws, table, clock):
    table.put(KEY)
    clock.pass_seconds(24 * 60 * 60 + 1)
    table.delete(KEY)
    assert [record["eventName"] for record in aws.stream_records("table")] == ["REMOVE"]


@pytest.mark.parametrize(
    ("kind", "found"), [("AT_SEQUENCE_NUMBER", ["b", "c"]), ("AFTER_SEQUENCE_NUMBER", ["c"])]
)
def test_records_are_read_again_by_their_numbers(aws, table, kind, found):
    for sort in "abc":
        table.put({"pk": "p", "sk": sort})
    records = aws.stream_records("table")
    place = {
        "StreamArn": records[1]["eventSourceARN"],
        "ShardId": "shardId-memory",
        "ShardIteratorType": kind,
        "SequenceNumber": records[1]["dynamodb"]["SequenceNumber"],
    }
    iterator = aws.call("dynamodbstreams", "GetShardIterator", place)["ShardIterator"]
    answer = aws.call("dynamodbstreams", "GetRecords", {"ShardIterator": iterator})
    assert [each["dynamodb"]["Keys"]["sk"]["S"] for each in answer["Records"]] == found


def test_a_transaction_is_one_record_a_write(aws, table):
    table.transact(
        [
            Put(item=KEY),
            Put(item={"pk": "p", "sk": "b"}),
            Check(key={"pk": "p", "sk": "c"}, condition="attribute_not_exists(pk)"),
        ]
    )
    assert len(aws.stream_records("table")) == 2
