// SPDX-License-Identifier: Apache-2.0
// Behaviour over several calls. One-call rules and messages: conformance_test.cpp.
#include "api/kinesis/service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/kinesis/testing/kinesis_fixture.h"
#include "base/base64.h"
#include "http/testing/recorder.h"

namespace tidemark::kinesis {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using Stop = log::LogFixture::Stop;

std::string Text(const JsonValue& object, std::string_view name) {
  const JsonValue* value = object.Find(name);
  return value == nullptr ? "(absent)" : value->string_value();
}

std::string Page(const std::string& iterator, int limit = 0) {
  return R"({"ShardIterator":")" + iterator + "\"" +
         (limit > 0 ? ",\"Limit\":" + std::to_string(limit) : "") + "}";
}

TEST(KinesisService, AnswersInTheEnvelope) {
  KinesisFixture k;
  const http::Response ok = k.Call("ListStreams", "{}");
  EXPECT_EQ(ok.status, 200);
  EXPECT_EQ(ok.headers.Find("content-type"), "application/x-amz-json-1.1");
  ASSERT_TRUE(ok.headers.Find("x-amzn-requestid").has_value());
  EXPECT_EQ(ok.headers.Find("x-amzn-requestid")->size(), 36U);
  EXPECT_NE(ok.headers.Find("x-amzn-requestid"),
            k.Call("ListStreams", "{}").headers.Find("x-amzn-requestid"));
  EXPECT_EQ(ok.body, R"({"StreamNames":[],"HasMoreStreams":false,"StreamSummaries":[]})");
  EXPECT_EQ(
      k.Call("ListStreams", "{}", "application/json; charset=utf-8").headers.Find("content-type"),
      "application/json");
  const http::Response media = k.Call("ListStreams", "{}", "text/plain");
  EXPECT_EQ(media.status, 404);
  EXPECT_EQ(media.headers.Find("x-amzn-errortype"), "UnknownOperationException");
  const http::Response shaped =
      k.service->ErrorResponse(413, "SerializationException", "too large");
  EXPECT_EQ(shaped.status, 413);
  EXPECT_EQ(shaped.body, R"({"__type":"SerializationException","Message":"too large"})");
}

TEST(KinesisService, DescribesAStreamAsTheReferenceShows) {  // 2.3, 2.4
  KinesisFixture k;
  EXPECT_EQ(k.Call("CreateStream", R"({"StreamName":"s","ShardCount":1})").body, "");
  const std::string number = log::SequenceNumber::Make({1}, 0, log::kBeforeFirst).ToString();
  EXPECT_EQ(
      k.Call("DescribeStream", R"({"StreamName":"s"})").body,
      R"({"StreamDescription":{"StreamName":"s","StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/s",)"
      R"("StreamStatus":"ACTIVE","StreamModeDetails":{"StreamMode":"PROVISIONED"},"Shards":[{"ShardId":"shardId-000000000000",)"
      R"("HashKeyRange":{"StartingHashKey":"0","EndingHashKey":"340282366920938463463374607431768211455"},)"
      R"("SequenceNumberRange":{"StartingSequenceNumber":")" +
          number +
          R"("}}],"HasMoreShards":false,)"
          R"("RetentionPeriodHours":24,"StreamCreationTimestamp":1767225600,"EnhancedMonitoring":[{"ShardLevelMetrics":[]}],)"
          R"("EncryptionType":"NONE"}})");
  EXPECT_EQ(
      k.Call("DescribeStreamSummary",
             R"({"StreamARN":"arn:aws:kinesis:eu-west-1:123456789012:stream/s"})")
          .body,
      R"({"StreamDescriptionSummary":{"StreamName":"s","StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/s",)"
      R"("StreamStatus":"ACTIVE","StreamModeDetails":{"StreamMode":"PROVISIONED"},"RetentionPeriodHours":24,)"
      R"("StreamCreationTimestamp":1767225600,"EnhancedMonitoring":[{"ShardLevelMetrics":[]}],"EncryptionType":"NONE",)"
      R"("OpenShardCount":1,"ConsumerCount":0,"MaxRecordSizeInKiB":1024}})");
}

TEST(KinesisService, NotesWhoReads) {
  KinesisFixture k;
  k.Ok("CreateStream", R"({"StreamName":"s","ShardCount":1})");
  k.Ok("PutRecord", R"({"StreamName":"s","Data":"aGVsbG8=","PartitionKey":"a"})");
  http::Request request{.method = "POST", .path = "/"};
  request.headers.Add("Content-Type", "application/x-amz-json-1.1");
  request.headers.Add("User-Agent", "Boto3/1.26.27 Python/3.11.2");
  request.headers.Add(
      "Authorization",
      "AWS4-HMAC-SHA256 Credential=AKIALOCAL/20260115/us-east-1/kinesis/aws4_request");
  request.peer = "127.0.0.1:52100";
  request.body = Page(k.Iterator("shardId-000000000000", R"("ShardIteratorType":"TRIM_HORIZON")"));
  http::Recorder recorder;
  k.service->Handle("GetRecords", std::move(request), recorder.MakeResponder());
  k.f.executor->RunUntilIdle();
  ASSERT_EQ(recorder.response()->status, 200);
  const auto readers = k.f.log->readers().List(StreamId{1}, k.f.clock.Now());
  ASSERT_EQ(readers.size(), 1U);
  EXPECT_EQ(readers[0].key.client, "Boto3/1.26.27");
  EXPECT_EQ(readers[0].key.access_key, "AKIALOCAL");
  EXPECT_EQ(readers[0].key.address, "127.0.0.1");
  EXPECT_EQ(readers[0].shards.at(0).next.value, 2U);
  EXPECT_EQ(readers[0].shards.at(0).iterator_age, milliseconds(0));
}

// console-ux.md 5.2: producers by client, with their errors by code.
TEST(KinesisService, NotesWhoPutsRecords) {
  KinesisFixture k;
  k.Ok("CreateStream", R"({"StreamName":"s","ShardCount":1})");
  const auto put = [&k](std::string_view operation, std::string body) {
    http::Request request{.method = "POST", .path = "/"};
    request.headers.Add("Content-Type", "application/x-amz-json-1.1");
    request.headers.Add("User-Agent", "Boto3/1.43.2 md/Botocore#1.43.2");
    request.headers.Add(
        "Authorization",
        "AWS4-HMAC-SHA256 Credential=AKIALOCAL/20260115/us-east-1/kinesis/aws4_request");
    request.peer = "127.0.0.1:52100";
    request.body = std::move(body);
    http::Recorder recorder;
    k.service->Handle(operation, std::move(request), recorder.MakeResponder());
    k.f.executor->RunUntilIdle();
    return recorder.response()->status;
  };
  EXPECT_EQ(
      put("PutRecords", R"({"StreamName":"s","Records":[{"Data":"aGVsbG8=","PartitionKey":"a"},)"
                        R"({"Data":"aGVsbG8=","PartitionKey":"b"}]})"),
      200);
  EXPECT_EQ(put("PutRecords", R"({"StreamName":"s","Records":[{"Data":"%","PartitionKey":"a"}]})"),
            400);
  EXPECT_EQ(put("PutRecords", R"({"StreamName":"s","Records":[]})"), 400);
  EXPECT_EQ(
      put("PutRecords", R"({"StreamName":"none","Records":[{"Data":"","PartitionKey":"a"}]})"),
      400);
  EXPECT_EQ(put("PutRecord", R"({"StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/s",)"
                             R"("Data":"aGVsbG8=","PartitionKey":"a"})"),
            200);
  EXPECT_EQ(put("PutRecord", R"({"StreamARN":"x","Data":"","PartitionKey":"a"})"), 400);
  const auto list = k.f.log->producers().List(StreamId{1}, k.f.clock.Now());
  ASSERT_EQ(list.size(), 2U);
  const log::Producer& many = list[0];
  EXPECT_EQ(many.key.client, "Boto3/1.43.2");
  EXPECT_EQ(many.key.access_key, "AKIALOCAL");
  EXPECT_EQ(many.key.address, "127.0.0.1");
  EXPECT_EQ(many.key.operation, "PutRecords");
  EXPECT_EQ(many.requests, 3U);
  EXPECT_EQ(many.records, 2U);
  EXPECT_EQ(many.bytes, 12U);  // data and keys
  uint64_t refused = 0;
  for (const auto& [code, count] : many.errors) refused += count;
  EXPECT_EQ(refused, 2U);
  EXPECT_EQ(list[1].key.operation, "PutRecord");
  EXPECT_EQ(list[1].records, 1U);
  EXPECT_TRUE(list[1].errors.empty());
}

TEST(KinesisService, PutsAndReadsBack) {  // checklist 46, 50, 53, 56, 58
  KinesisFixture k;
  k.Ok("CreateStream", R"({"StreamName":"s","ShardCount":2})");
  const JsonValue one =
      k.Ok("PutRecord", R"({"StreamName":"s","Data":"aGVsbG8=","PartitionKey":"a"})");
  EXPECT_EQ(Text(one, "ShardId"), "shardId-000000000000");
  EXPECT_EQ(Text(one, "SequenceNumber"), log::SequenceNumber::Make({1}, 0, {1}).ToString());
  const http::Response many = k.Call(
      "PutRecords",
      R"({"Records":[{"Data":"MQ==","PartitionKey":"a"},{"PartitionKey":"b","Data":"Mg=="},)"
      R"({"Data":"Mw==","PartitionKey":"b","ExplicitHashKey":"0"},{"Data":"","PartitionKey":"a"}],"StreamName":"s"})");
  const auto number = [](uint32_t shard, uint64_t offset) {
    return "{\"SequenceNumber\":\"" + log::SequenceNumber::Make({1}, shard, {offset}).ToString() +
           "\",\"ShardId\":\"shardId-00000000000" + std::to_string(shard) + "\"}";
  };
  EXPECT_EQ(many.body, R"({"FailedRecordCount":0,"Records":[)" + number(0, 2) + "," + number(1, 1) +
                           "," + number(0, 3) + "," + number(0, 4) + "]}");
  const std::string iterator =
      k.Iterator("shardId-000000000000", R"("ShardIteratorType":"TRIM_HORIZON")");
  const http::Response page = k.Call("GetRecords", Page(iterator, 2));
  EXPECT_THAT(
      page.body,
      StartsWith(
          R"({"Records":[{"SequenceNumber":")" + log::SequenceNumber::Make({1}, 0, {1}).ToString() +
          R"(","ApproximateArrivalTimestamp":1767225600,"Data":"aGVsbG8=","PartitionKey":"a"},)"));
  const JsonValue first = ParseJson(page.body).value();
  EXPECT_EQ(first.Find("Records")->array().size(), 2U);
  k.f.clock.Advance(seconds(3));
  const JsonValue again = k.Ok("GetRecords", Page(iterator, 2));
  EXPECT_EQ(again.Find("MillisBehindLatest")->int_value(), 3000);
  const JsonValue rest = k.Ok("GetRecords", Page(Text(first, "NextShardIterator")));
  EXPECT_EQ(rest.Find("Records")->array().size(), 2U);
  EXPECT_EQ(rest.Find("MillisBehindLatest")->int_value(), 0);
  EXPECT_EQ(Text(rest.Find("Records")->array()[1], "Data"), "");
  const JsonValue empty = k.Ok("GetRecords", Page(Text(rest, "NextShardIterator")));
  EXPECT_EQ(empty.Find("Records")->array().size(), 0U);
  EXPECT_NE(Text(empty, "NextShardIterator"), "(absent)");
}

TEST(KinesisService, AcknowledgesOnlyWhatIsDurable) {  // checklist 57
  KinesisFixture k;
  k.Ok("CreateStream", R"({"StreamName":"s","ShardCount":1})");
  const std::string number =
      Text(k.Ok("PutRecord", R"({"StreamName":"s","Data":"MQ==","PartitionKey":"a"})"),
           "SequenceNumber");
  const std::string iterator =
      k.Iterator("shardId-000000000000", R"("ShardIteratorType":"TRIM_HORIZON")");
  k.Restart(Stop::kCrash);
  const JsonValue page =
      k.Ok("GetRecords", Page(iterator));  // an iterator survives a restart: checklist 70
  ASSERT_EQ(page.Find("Records")->array().size(), 1U);
  EXPECT_EQ(Text(page.Find("Records")->array()[0], "SequenceNumber"), number);
}

TEST(KinesisService, ResolvesIterators) {  // checklist 58-64
  KinesisFixture k;
  k.Ok("CreateStream", R"({"StreamName":"s","ShardCount":1})");
  std::vector<std::string> numbers;
  for (const char* data : {"MQ==", "Mg==", "Mw=="}) {
    numbers.push_back(
        Text(k.Ok("PutRecord",
                  std::string(R"({"StreamName":"s","PartitionKey":"a","Data":")") + data + "\"}"),
             "SequenceNumber"));
    k.f.clock.Advance(milliseconds(1500));
  }
  const auto first_of = [&](const std::string& rest) {
    const JsonValue page = k.Ok("GetRecords", Page(k.Iterator("0", rest), 1));
    const auto& records = page.Find("Records")->array();
    return records.empty() ? std::string("(none)") : Text(records[0], "SequenceNumber");
  };
  EXPECT_EQ(first_of(R"("ShardIteratorType":"TRIM_HORIZON")"), numbers[0]);
  EXPECT_EQ(first_of(R"("ShardIteratorType":"LATEST")"), "(none)");
  EXPECT_EQ(first_of(R"("ShardIteratorType":"AT_SEQUENCE_NUMBER","StartingSequenceNumber":")" +
                     numbers[1] + "\""),
            numbers[1]);
  EXPECT_EQ(first_of(R"("ShardIteratorType":"AFTER_SEQUENCE_NUMBER","StartingSequenceNumber":")" +
                     numbers[1] + "\""),
            numbers[2]);
  // 1767225600.0, .1.5 and .3.0 are the arrivals.
  EXPECT_EQ(first_of(R"("ShardIteratorType":"AT_TIMESTAMP","Timestamp":1767225601.5)"), numbers[1]);
  EXPECT_EQ(first_of(R"("ShardIteratorType":"AT_TIMESTAMP","Timestamp":1767225601.501)"),
            numbers[2]);
  EXPECT_EQ(first_of(R"("ShardIteratorType":"AT_TIMESTAMP","Timestamp":1767225601501)"), numbers[2])
      << "milliseconds, Java v1";
  EXPECT_EQ(first_of(R"("ShardIteratorType":"AT_TIMESTAMP","Timestamp":0)"), numbers[0]);
  EXPECT_EQ(first_of(R"("ShardIteratorType":"AT_TIMESTAMP","Timestamp":1767225664)"), "(none)")
      << "up to 60 s ahead is LATEST";
  const std::string latest = k.Iterator("shardId-000000000000", R"("ShardIteratorType":"LATEST")");
  k.Ok("PutRecord", R"({"StreamName":"s","Data":"NA==","PartitionKey":"a"})");
  EXPECT_EQ(k.Ok("GetRecords", Page(latest)).Find("Records")->array().size(), 1U)
      << "bound when it was asked for";
}

TEST(KinesisService, IteratorsExpireAndCannotBeForged) {  // checklist 66, 31, 32
  KinesisFixture k;
  k.Ok("CreateStream", R"({"StreamName":"s","ShardCount":1})");
  const std::string number =
      Text(k.Ok("PutRecord", R"({"StreamName":"s","Data":"MQ==","PartitionKey":"a"})"),
           "SequenceNumber");
  const std::string iterator = k.Iterator("0", R"("ShardIteratorType":"TRIM_HORIZON")");
  std::string forged = iterator;
  forged[40] = forged[40] == 'A' ? 'B' : 'A';
  EXPECT_EQ(k.Error("GetRecords", Page(forged)),
            "InvalidArgumentException: Invalid ShardIterator.");
  k.f.clock.Advance(seconds(300));
  EXPECT_EQ(k.Error("GetRecords", Page(iterator)), "200");
  k.f.clock.Advance(seconds(1));
  EXPECT_THAT(k.Error("GetRecords", Page(iterator)),
              AllOf(StartsWith("ExpiredIteratorException: "), HasSubstr("300000 milliseconds")));
  const std::string fresh = k.Iterator("0", R"("ShardIteratorType":"TRIM_HORIZON")");
  k.Ok("DeleteStream", R"({"StreamName":"s"})");
  k.Ok("CreateStream", R"({"StreamName":"s","ShardCount":1})");
  EXPECT_THAT(k.Error("GetRecords", Page(fresh)), StartsWith("ResourceNotFoundException: "));
  EXPECT_THAT(
      k.Error(
          "GetShardIterator",
          R"({"StreamName":"s","ShardId":"shardId-000000000000","ShardIteratorType":"AT_SEQUENCE_NUMBER","StartingSequenceNumber":")" +
              number + "\"}"),
      AllOf(StartsWith("InvalidArgumentException: "), HasSubstr("did not come from this stream")));
}

TEST(KinesisService, PagesStreamsAndShards) {  // checklist 26, 28, 29, 36-39
  KinesisFixture k;
  for (int i = 0; i < 3; ++i)
    k.Ok("CreateStream", R"({"StreamName":"s)" + std::to_string(i) + R"(","ShardCount":3})");
  const JsonValue first = k.Ok("ListStreams", R"({"Limit":2})");
  EXPECT_TRUE(first.Find("HasMoreStreams")->bool_value());
  const JsonValue second =
      k.Ok("ListStreams", R"({"NextToken":")" + Text(first, "NextToken") + "\"}");
  EXPECT_EQ(second.Find("StreamNames")->array().size(), 1U);
  EXPECT_EQ(second.Find("NextToken"), nullptr);
  EXPECT_EQ(k.Ok("ListStreams", R"({"ExclusiveStartStreamName":"s00"})")
                .Find("StreamNames")
                ->array()
                .size(),
            2U);

  const JsonValue shards = k.Ok("ListShards", R"({"StreamName":"s1","MaxResults":2})");
  EXPECT_EQ(shards.Find("Shards")->array().size(), 2U);
  const std::string token = Text(shards, "NextToken");
  EXPECT_EQ(k.Ok("ListShards", R"({"NextToken":")" + token + "\"}").Find("Shards")->array().size(),
            1U);
  EXPECT_EQ(k.Ok("ListShards", R"({"StreamName":"s1","NextToken":")" + token + "\"}")
                .Find("Shards")
                ->array()
                .size(),
            1U)
      << "boto3's paginator repeats the name";
  EXPECT_EQ(k.Error("ListShards", R"({"StreamName":"s2","NextToken":")" + token + "\"}"),
            "InvalidArgumentException: NextToken and StreamName cannot be provided together.");
  EXPECT_EQ(k.Error("ListStreams", R"({"NextToken":")" + token + "\"}"),
            "InvalidArgumentException: Invalid NextToken.");
  k.f.clock.Advance(seconds(301));
  EXPECT_THAT(k.Error("ListShards", R"({"NextToken":")" + token + "\"}"),
              StartsWith("ExpiredNextTokenException: "));

  const JsonValue described =
      k.Ok("DescribeStream",
           R"({"StreamName":"s1","Limit":1,"ExclusiveStartShardId":"shardId-000000000000"})");
  const JsonValue& description = *described.Find("StreamDescription");
  EXPECT_TRUE(description.Find("HasMoreShards")->bool_value());
  EXPECT_EQ(Text(description.Find("Shards")->array()[0], "ShardId"), "shardId-000000000001");
}

TEST(KinesisService, FiltersShards) {  // checklist 40-45, for streams that were never resharded
  KinesisFixture k;
  k.Ok("CreateStream", R"({"StreamName":"s","ShardCount":2})");
  const auto count = [&](const std::string& filter) {
    return k.Ok("ListShards", R"({"StreamName":"s","ShardFilter":)" + filter + "}")
        .Find("Shards")
        ->array()
        .size();
  };
  k.f.clock.Advance(hours(1));
  EXPECT_EQ(count(R"({"Type":"FROM_TRIM_HORIZON"})"), 2U);
  EXPECT_EQ(count(R"({"Type":"AT_TRIM_HORIZON"})"), 2U);
  EXPECT_EQ(count(R"({"Type":"AT_LATEST"})"), 2U);
  EXPECT_EQ(count(R"({"Type":"AT_TIMESTAMP","Timestamp":1767225700})"), 2U);
  EXPECT_EQ(count(R"({"Type":"AT_TIMESTAMP","Timestamp":1})"), 2U)
      << "before the stream was made: its first shards";
  EXPECT_EQ(count(R"({"Type":"FROM_TIMESTAMP","Timestamp":9999999999})"), 2U);
  EXPECT_EQ(count(R"({"Type":"AFTER_SHARD_ID","ShardId":"shardId-000000000000"})"), 1U);
  EXPECT_EQ(count(R"({"Type":"AFTER_SHARD_ID","ShardId":"shardId-000000000099"})"), 0U);
  EXPECT_EQ(
      k.Ok("ListShards", R"({"StreamName":"s","ExclusiveStartShardId":"shardId-000000000000"})")
          .Find("Shards")
          ->array()
          .size(),
      1U);
}

TEST(KinesisService, ThrottlesWhenTooMuchWaits) {  // 3.7
  KinesisFixture k({}, {.waiting_bytes_max = 10});
  k.Ok("CreateStream", R"({"StreamName":"s","ShardCount":1})");
  http::Recorder waiting;
  http::Recorder refused_one;
  http::Recorder refused_many;
  const auto send = [&](http::Recorder& recorder, const char* operation, const char* body) {
    http::Request request{.method = "POST", .path = "/"};
    request.headers.Add("Content-Type", "application/x-amz-json-1.1");
    request.body = body;
    k.service->Handle(operation, std::move(request), recorder.MakeResponder());
  };
  send(waiting, "PutRecord", R"({"StreamName":"s","Data":"MTIzNDU2","PartitionKey":"a"})");
  send(refused_one, "PutRecord", R"({"StreamName":"s","Data":"MTIzNDU2","PartitionKey":"a"})");
  send(
      refused_many, "PutRecords",
      R"({"StreamName":"s","Records":[{"Data":"MTIz","PartitionKey":"a"},{"Data":"MTIz","PartitionKey":"a"}]})");
  EXPECT_FALSE(waiting.response().has_value()) << "the append is answered once it is durable";
  EXPECT_THAT(refused_one.response()->body, HasSubstr("ProvisionedThroughputExceededException"));
  EXPECT_EQ(refused_many.response()->status, 200);
  EXPECT_EQ(
      refused_many.response()->body,
      R"({"FailedRecordCount":2,"Records":[{"ErrorCode":"ProvisionedThroughputExceededException","ErrorMessage":"Rate exceeded for stream s under account 000000000000."},)"
      R"({"ErrorCode":"ProvisionedThroughputExceededException","ErrorMessage":"Rate exceeded for stream s under account 000000000000."}]})");
  k.f.executor->RunUntilIdle();
  EXPECT_EQ(waiting.response()->status, 200);
}

TEST(KinesisService, SaysThatTheDiskIsFull) {
  KinesisFixture k;
  k.Ok("CreateStream", R"({"StreamName":"s","ShardCount":1})");
  k.f.fs.SetFaults({.space_bytes_max = 1});
  const std::string error =
      k.Error("PutRecords", R"({"StreamName":"s","Records":[{"Data":"MTIz","PartitionKey":"a"}]})");
  EXPECT_THAT(error, AllOf(StartsWith("InternalFailure: "), HasSubstr("stream s")));
  k.f.fs.SetFaults({});
  k.Ok("PutRecords", R"({"StreamName":"s","Records":[{"Data":"MTIz","PartitionKey":"a"}]})");
}

TEST(KinesisService, LimitsPagesToTenMebibytes) {  // checklist 69
  KinesisFixture k;
  k.Ok("CreateStream", R"({"StreamName":"s","ShardCount":1})");
  const std::string data = Base64Encode(std::string(1'000'000, 'x'));
  for (int i = 0; i < 12; ++i)
    k.Ok("PutRecord", R"({"StreamName":"s","PartitionKey":"a","Data":")" + data + "\"}");
  const JsonValue page =
      k.Ok("GetRecords", Page(k.Iterator("0", R"("ShardIteratorType":"TRIM_HORIZON")")));
  EXPECT_EQ(page.Find("Records")->array().size(), 10U);
  EXPECT_EQ(
      k.Ok("GetRecords", Page(Text(page, "NextShardIterator"))).Find("Records")->array().size(),
      2U);
}

TEST(KinesisService, TheFastAndTheGeneralPathAgree) {
  // The same records, once plain and once with something that needs the general path.
  const std::string plain =
      R"({"StreamName":"s","Records":[{"Data":"aGVsbG8=","PartitionKey":"k1"},{"Data":"d29ybGQ=","PartitionKey":"日本","ExplicitHashKey":"5"}]})";
  const std::vector<std::string> others = {
      R"({"StreamName":"s","Records":[{"Data":"aGVsbG8=","PartitionKey":"\u006b1"},{"Data":"d29ybGQ=","PartitionKey":"日本","ExplicitHashKey":"5"}]})",
      R"({"StreamName":"s","Extra":1,"Records":[{"Data":"aGVsbG8=","PartitionKey":"k1"},{"Data":"d29ybGQ=","PartitionKey":"日本","ExplicitHashKey":"5"}]})",
      R"({"StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/s","Records":[{"Data":"aGVsbG8=","PartitionKey":"k1"},{"Data":"d29ybGQ=","PartitionKey":"日本","ExplicitHashKey":"5"}]})",
      R"({"StreamName":"s","Records":[{"Data":"aGVsbG8=","PartitionKey":"k1","ExplicitHashKey":null},{"Data":"d29ybGQ=","PartitionKey":"日本","ExplicitHashKey":"5"}]})",
      " \n{ \"Records\" : [ { \"PartitionKey\" : \"k1\" , \"Data\" : \"aGVsbG8=\" } "
      ",\t{\"ExplicitHashKey\":\"5\",\"Data\":\"d29ybGQ=\",\"PartitionKey\":\"日本\"}], "
      "\"StreamName\":\"s\" } \n"};
  std::vector<std::vector<std::string>> read;
  std::vector<std::string> bodies = others;
  bodies.insert(bodies.begin(), plain);
  for (const std::string& body : bodies) {
    KinesisFixture k;
    k.Ok("CreateStream", R"({"StreamName":"s","ShardCount":2})");
    k.Ok("PutRecords", body);
    read.push_back(k.f.ReadAll(*k.f.log->Find("s"), 0));
    for (std::string& record : k.f.ReadAll(*k.f.log->Find("s"), 1))
      read.back().push_back("1:" + record);
    EXPECT_EQ(read.back(), read.front()) << body;
  }
  EXPECT_EQ(read.front().size(), 2U);
}

}  // namespace
}  // namespace tidemark::kinesis
