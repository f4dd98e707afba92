// SPDX-License-Identifier: Apache-2.0
// One request, one answer: the rules of kinesis-api.md 1.13 and section 2, for the operations that
// exist. There is a stream "s" of two shards with one record in shard 0, and nothing else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/kinesis/testing/kinesis_fixture.h"

namespace tidemark::kinesis {
namespace {

using ::testing::StartsWith;

struct Case {
  const char* operation;
  std::string body;
  std::string answer;  // how "Error: message" begins; "200"
};

std::string Violation(const std::string& value, const std::string& path, const std::string& rule) {
  return "ValidationException: 1 validation error detected: Value " + value + " at '" + path +
         "' failed to satisfy constraint: Member must " + rule;
}

void RunAll(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    KinesisFixture k;
    k.Ok("CreateStream", R"({"StreamName":"s","ShardCount":2})");
    k.Ok("PutRecord", R"({"StreamName":"s","Data":"MQ==","PartitionKey":"a"})");
    EXPECT_THAT(k.Error(c.operation, c.body), StartsWith(c.answer))
        << c.operation << " " << c.body.substr(0, 300);
  }
}

std::string Repeat(int count, const std::string& text) {
  std::string out;
  for (int i = 0; i < count; ++i) out += (i > 0 ? "," : "") + text;
  return out;
}

/// 2 * `count` characters of three bytes.
std::string Keys(int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += "日本";
  return out;
}

const std::string kLongName(129, 'x');
const std::string kNamePattern = "satisfy regular expression pattern: [a-zA-Z0-9_.-]+";

TEST(KinesisConformance, Bodies) {  // 1.13 steps 1-6, checklist 7-9, 16
  RunAll(
      {{"ListStreams", "", "SerializationException"},
       {"ListStreams", "[1", "SerializationException"},
       {"ListStreams", "[]", "SerializationException"},
       {"ListStreams", "\"x\"", "SerializationException"},
       {"PutRecords", "", "SerializationException"},
       {"PutRecords", "{\"StreamName\":\"s\",\"Records\":[{", "SerializationException"},
       {"PutRecords", R"({"StreamName":"s","Records":[{"Data":"MQ==","PartitionKey":"a"}]}x)",
        "SerializationException"},
       {"NoSuchThing", "", "UnknownOperationException"},
       {"NoSuchThing", "{}", "UnknownOperationException"},
       {"NoSuchThing", "[", "SerializationException"},
       {"SplitShard", "{}", "UnknownOperationException"},
       {"ListStreams", R"({"Limit":"x"})", "SerializationException: Limit must be an integer"},
       {"ListStreams", R"({"Limit":1.5})", "SerializationException: Limit must be an integer"},
       {"ListStreams", R"({"Limit":null,"Unknown":{"a":[]}})", "200"},
       {"DescribeStream", R"({"StreamName":3})",
        "SerializationException: StreamName must be a string"},
       {"DescribeStream", R"({"StreamName":"s","StreamId":"aaaaaaaaaaaaaaaaaaaa-bbb"})", "200"},
       {"CreateStream", R"({"StreamName":"t","StreamModeDetails":[]})",
        "SerializationException: StreamModeDetails must be an object"},
       {"CreateStream", R"({"StreamName":"t","ShardCount":1,"Tags":{"a":1}})",
        "SerializationException: Tags.a must be a string"},
       {"DeleteStream", R"({"StreamName":"s","EnforceConsumerDeletion":"yes"})",
        "SerializationException"},
       {"PutRecord", R"({"StreamName":"s","Data":5,"PartitionKey":"a"})",
        "SerializationException: Data must be base64 text"},
       {"PutRecord", R"({"StreamName":"s","Data":"MQ===","PartitionKey":"a"})",
        "SerializationException: Data"},
       {"PutRecord", R"({"StreamName":"s","Data":"MR==","PartitionKey":"a"})",
        "SerializationException: Data"},
       {"PutRecords", R"({"StreamName":"s","Records":[{"Data":"MQ=","PartitionKey":"a"}]})",
        "SerializationException: Records.Data must be base64 text"},
       {"PutRecords", R"({"StreamName":"s","Records":{}})",
        "SerializationException: Records must be a list"},
       {"PutRecords", R"({"StreamName":"s","Records":[1]})",
        "SerializationException: Records must be a list of objects"},
       {"GetShardIterator",
        R"({"StreamName":"s","ShardId":"0","ShardIteratorType":"AT_TIMESTAMP","Timestamp":"now"})",
        "SerializationException: Timestamp must be a number of seconds"}});
}

TEST(KinesisConformance, NamingAStream) {  // 1.10, checklist 21, 33-34
  RunAll(
      {{"DescribeStream", R"({"StreamName":"none"})",
        "ResourceNotFoundException: Stream none under account 000000000000 not found."},
       {"DescribeStream", "{}", "InvalidArgumentException"},
       {"DescribeStreamSummary", "{}", "InvalidArgumentException"},
       {"DescribeStream", R"({"StreamName":"bad name!"})",
        Violation("'bad name!'", "streamName", kNamePattern)},
       {"DescribeStream", R"({"StreamName":""})",
        "ValidationException: 2 validation errors detected: Value '' at 'streamName' failed to "
        "satisfy constraint: Member must " +
            kNamePattern +
            "; Value '' at 'streamName' failed to satisfy constraint: Member must have length "
            "greater than or equal to 1"},
       {"DescribeStreamSummary", R"({"StreamName":")" + kLongName + "\"}",
        Violation("'" + kLongName + "'", "streamName", "have length less than or equal to 128")},
       {"DescribeStreamSummary",
        R"({"StreamARN":"arn:aws:kinesis:eu-west-3:999999999999:stream/s"})", "200"},
       {"DescribeStreamSummary",
        R"({"StreamARN":"arn:aws-cn:kinesis:cn-north-1:999999999999:stream/s","StreamName":"s"})",
        "200"},
       {"DescribeStreamSummary",
        R"({"StreamARN":"arn:aws:kinesis:eu-west-3:999999999999:stream/t","StreamName":"s"})",
        "InvalidArgumentException"},
       {"DescribeStreamSummary",
        R"({"StreamARN":"arn:aws:kinesis:eu-west-3:999999999999:stream/t"})",
        "ResourceNotFoundException"},
       {"DescribeStreamSummary", R"({"StreamARN":"arn:aws:sqs:eu-west-3:999999999999:stream/s"})",
        "ValidationException: 1 validation error detected: Value "
        "'arn:aws:sqs:eu-west-3:999999999999:stream/s' at 'streamARN' failed to satisfy "
        "constraint: Member must satisfy regular expression pattern: "
        "arn:aws.*:kinesis:.*:\\d{12}:stream/\\S+"},
       {"DeleteStream", R"({"StreamName":"none"})", "ResourceNotFoundException: Stream none"},
       {"DeleteStream", "{}", "InvalidArgumentException"},
       {"ListShards", R"({"StreamName":"none"})", "ResourceNotFoundException: Stream none"},
       {"PutRecord", R"({"StreamName":"none","Data":"","PartitionKey":"a"})",
        "ResourceNotFoundException: Stream none"},
       {"PutRecord", R"({"Data":"","PartitionKey":"a"})", "InvalidArgumentException"},
       {"PutRecords", R"({"StreamName":"none","Records":[{"Data":"","PartitionKey":"a"}]})",
        "ResourceNotFoundException: Stream none"},
       {"PutRecords", R"({"Records":[{"Data":"","PartitionKey":"a"}]})",
        "InvalidArgumentException"},
       {"GetShardIterator", R"({"StreamName":"none","ShardId":"0","ShardIteratorType":"LATEST"})",
        "ResourceNotFoundException: Stream none"}});
}

TEST(KinesisConformance, CreateStream) {  // 2.1, checklist 21-24, clients-seen.md 13
  RunAll({{"CreateStream", R"({"StreamName":"t","ShardCount":1})", "200"},
          {"CreateStream",
           R"({"StreamName":"t","ShardCount":3,"Tags":{"env":"dev"},"MaxRecordSizeInKiB":10240})",
           "200"},
          {"CreateStream", R"({"StreamName":"t","StreamModeDetails":{"StreamMode":"ON_DEMAND"}})",
           "200"},
          {"CreateStream", R"({"ShardCount":1})", Violation("null", "streamName", "not be null")},
          {"CreateStream", R"({"StreamName":"t"})", Violation("null", "shardCount", "not be null")},
          {"CreateStream", R"({"StreamName":"t","ShardCount":0})",
           Violation("'0'", "shardCount", "have value greater than or equal to 1")},
          {"CreateStream", R"({"StreamName":"t","ShardCount":1,"StreamModeDetails":{}})",
           Violation("null", "streamModeDetails.streamMode", "not be null")},
          {"CreateStream",
           R"({"StreamName":"t","ShardCount":1,"StreamModeDetails":{"StreamMode":"FAST"}})",
           Violation("'FAST'", "streamModeDetails.streamMode",
                     "satisfy enum value set: [PROVISIONED, ON_DEMAND]")},
          {"CreateStream", R"({"StreamName":"t","ShardCount":1,"MaxRecordSizeInKiB":1})",
           Violation("'1'", "maxRecordSizeInKiB", "have value greater than or equal to 1024")},
          {"CreateStream", R"({"StreamName":"t","ShardCount":1,"MaxRecordSizeInKiB":10241})",
           Violation("'10241'", "maxRecordSizeInKiB", "have value less than or equal to 10240")},
          {"CreateStream", R"({"StreamName":"t","ShardCount":1,"WarmThroughputMiBps":-1})",
           Violation("'-1'", "warmThroughputMiBps", "have value greater than or equal to 0")},
          {"CreateStream", R"({"StreamName":"s","ShardCount":1})",
           "ResourceInUseException: Stream s under account 000000000000 already exists."},
          {"CreateStream", R"({"StreamName":"t","ShardCount":100000})",
           "LimitExceededException: This request would exceed the shard limit"}});
  KinesisFixture k({.shards_max = 10});
  EXPECT_EQ(k.Error("CreateStream", R"({"StreamName":"t","ShardCount":11})"),
            "LimitExceededException: This request would exceed the shard limit for the account "
            "000000000000 in us-east-1. Current shard count for "
            "the account: 0. Limit: 10. Number of additional shards that would have resulted from "
            "this request: 11.");
  k.Ok("CreateStream", R"({"StreamName":"t","StreamModeDetails":{"StreamMode":"ON_DEMAND"}})");
  EXPECT_EQ(k.f.log->Find("t")->definition().shards.size(), 4U);
}

TEST(KinesisConformance, DeleteAndDescribe) {  // 2.2 to 2.4
  RunAll({{"DeleteStream", R"({"StreamName":"s","EnforceConsumerDeletion":true})", "200"},
          {"DescribeStream", R"({"StreamName":"s","Limit":10000})", "200"},
          {"DescribeStream", R"({"StreamName":"s","Limit":0})",
           Violation("'0'", "limit", "have value greater than or equal to 1")},
          {"DescribeStream", R"({"StreamName":"s","Limit":10001})",
           Violation("'10001'", "limit", "have value less than or equal to 10000")},
          {"DescribeStream", R"({"StreamName":"s","ExclusiveStartShardId":"a b"})",
           Violation("'a b'", "exclusiveStartShardId", kNamePattern)}});
  KinesisFixture k;
  k.Ok("CreateStream", R"({"StreamName":"s","ShardCount":1})");
  k.Ok("DeleteStream", R"({"StreamName":"s"})");
  EXPECT_EQ(k.Error("DescribeStream", R"({"StreamName":"s"})"),
            "ResourceNotFoundException: Stream s under account 000000000000 not found.");
}

TEST(KinesisConformance, Lists) {  // 2.5, 2.6, checklist 39, 45
  RunAll(
      {{"ListStreams", R"({"Limit":0})",
        Violation("'0'", "limit", "have value greater than or equal to 1")},
       {"ListStreams", R"({"Limit":10001})",
        Violation("'10001'", "limit", "have value less than or equal to 10000")},
       {"ListStreams", R"({"NextToken":""})",
        Violation("''", "nextToken", "have length greater than or equal to 1")},
       {"ListStreams", R"({"NextToken":"bogus"})", "InvalidArgumentException: Invalid NextToken."},
       {"ListStreams", R"({"ExclusiveStartStreamName":"?"})",
        Violation("'?'", "exclusiveStartStreamName", kNamePattern)},
       {"ListShards", "{}",
        "InvalidArgumentException: Either NextToken or StreamName should be provided."},
       {"ListShards", R"({"NextToken":"bogus"})", "InvalidArgumentException: Invalid NextToken."},
       {"ListShards", R"({"StreamName":"s","MaxResults":0})",
        Violation("'0'", "maxResults", "have value greater than or equal to 1")},
       {"ListShards", R"({"StreamName":"s","MaxResults":10001})",
        Violation("'10001'", "maxResults", "have value less than or equal to 10000")},
       {"ListShards", R"({"StreamName":"s","ShardFilter":{}})",
        Violation("null", "shardFilter.type", "not be null")},
       {"ListShards", R"({"StreamName":"s","ShardFilter":{"Type":"ODD"}})",
        Violation("'ODD'", "shardFilter.type",
                  "satisfy enum value set: [AFTER_SHARD_ID, AT_TRIM_HORIZON, FROM_TRIM_HORIZON, "
                  "AT_LATEST, AT_TIMESTAMP, FROM_TIMESTAMP]")},
       {"ListShards", R"({"StreamName":"s","ShardFilter":{"Type":"AT_TIMESTAMP"}})",
        "InvalidArgumentException"},
       {"ListShards", R"({"StreamName":"s","ShardFilter":{"Type":"AFTER_SHARD_ID"}})",
        "InvalidArgumentException"},
       {"ListShards", R"({"StreamName":"s","ShardFilter":{"Type":"FROM_TIMESTAMP","Timestamp":1}})",
        "200"}});
}

TEST(KinesisConformance, PutRecord) {       // 2.7, checklist 47-52
  const std::string exact(1'398'096, 'A');  // 1,048,572 bytes
  RunAll(
      {{"PutRecord", R"({"StreamName":"s","Data":"","PartitionKey":"a"})", "200"},
       {"PutRecord", R"({"StreamName":"s","PartitionKey":"a"})",
        Violation("null", "data", "not be null")},
       {"PutRecord", R"({"StreamName":"s","Data":""})",
        Violation("null", "partitionKey", "not be null")},
       {"PutRecord", R"({"StreamName":"s"})",
        "ValidationException: 2 validation errors detected: Value null at 'data' failed"},
       {"PutRecord", R"({"StreamName":"s","Data":"","PartitionKey":""})",
        Violation("''", "partitionKey", "have length greater than or equal to 1")},
       {"PutRecord",
        R"({"StreamName":"s","Data":"","PartitionKey":")" + std::string(257, 'k') + "\"}",
        Violation("'" + std::string(257, 'k') + "'", "partitionKey",
                  "have length less than or equal to 256")},
       {"PutRecord", R"({"StreamName":"s","Data":"","PartitionKey":")" + Keys(129) + "\"}",
        "ValidationException"},
       {"PutRecord", R"({"StreamName":"s","Data":"","PartitionKey":")" + Keys(128) + "\"}", "200"},
       {"PutRecord", R"({"StreamName":"s","Data":"","PartitionKey":"b","ExplicitHashKey":"0"})",
        "200"},
       {"PutRecord",
        R"({"StreamName":"s","Data":"","PartitionKey":"b","ExplicitHashKey":"340282366920938463463374607431768211455"})",
        "200"},
       {"PutRecord",
        R"({"StreamName":"s","Data":"","PartitionKey":"b","ExplicitHashKey":"340282366920938463463374607431768211456"})",
        "InvalidArgumentException: Invalid ExplicitHashKey. ExplicitHashKey must be in the range: "
        "[0, 2^128-1]. Specified value was 340282366920938463463374607431768211456"},
       {"PutRecord", R"({"StreamName":"s","Data":"","PartitionKey":"b","ExplicitHashKey":"01"})",
        Violation("'01'", "explicitHashKey",
                  R"(satisfy regular expression pattern: 0|([1-9]\d{0,38}))")},
       {"PutRecord",
        R"({"StreamName":"s","Data":"","PartitionKey":"b","SequenceNumberForOrdering":"abc"})",
        Violation("'abc'", "sequenceNumberForOrdering",
                  R"(satisfy regular expression pattern: 0|([1-9]\d{0,128}))")},
       {"PutRecord",
        R"({"StreamName":"s","Data":"","PartitionKey":"b","SequenceNumberForOrdering":"7"})",
        "InvalidArgumentException: ExclusiveMinimumSequenceNumber 7 used in PutRecord on stream s "
        "under account 000000000000 is invalid."},
       {"PutRecord",
        R"({"StreamName":"s","Data":"","PartitionKey":"b","SequenceNumberForOrdering":")" +
            log::SequenceNumber::Make({1}, 0, {1}).ToString() + "\"}",
        "200"},
       {"PutRecord",
        R"({"StreamName":"s","Data":"","PartitionKey":"b","SequenceNumberForOrdering":")" +
            log::SequenceNumber::Make({1}, 0, {2}).ToString() + "\"}",
        "InvalidArgumentException: ExclusiveMinimumSequenceNumber"},
       {"PutRecord", R"({"StreamName":"s","PartitionKey":"abcd","Data":")" + exact + "\"}", "200"},
       {"PutRecord", R"({"StreamName":"s","PartitionKey":"abcde","Data":")" + exact + "\"}",
        "InvalidArgumentException: A record of 1048577 bytes"},  // event-time.md K22
       {"PutRecord",
        R"({"StreamName":"s","PartitionKey":"a","Data":")" + std::string(13'981'016, 'A') + "\"}",
        Violation("'java.nio.HeapByteBuffer[pos=0 lim=10485762 cap=10485762]'", "data",
                  "have length less than or equal to 10485760")}});
}

TEST(KinesisConformance, PutRecords) {  // 2.8, checklist 53, 55
  const std::string good = R"({"Data":"","PartitionKey":"a"})";
  const std::string mebibyte =
      R"({"PartitionKey":"abcd","Data":")" + std::string(1'398'096, 'A') + "\"}";
  const auto put = [](const std::string& records) {
    return R"({"StreamName":"s","Records":[)" + records + "]}";
  };
  RunAll(
      {{"PutRecords", put(Repeat(500, good)), "200"},
       {"PutRecords", put(Repeat(501, good)),
        Violation("'[...]'", "records", "have length less than or equal to 500")},
       {"PutRecords", put(""),
        Violation("'[...]'", "records", "have length greater than or equal to 1")},
       {"PutRecords", R"({"StreamName":"s"})", Violation("null", "records", "not be null")},
       {"PutRecords", put(good + R"(,{"Data":""})"),
        Violation("null", "records.2.member.partitionKey", "not be null")},
       {"PutRecords", put(R"({"PartitionKey":"a"})"),
        Violation("null", "records.1.member.data", "not be null")},
       {"PutRecords", put(R"({"Data":"","PartitionKey":""})"),
        Violation("''", "records.1.member.partitionKey", "have length greater than or equal to 1")},
       {"PutRecords", put(good + R"(,{"Data":"","PartitionKey":"a","ExplicitHashKey":"x"})"),
        Violation("'x'", "records.2.member.explicitHashKey",
                  R"(satisfy regular expression pattern: 0|([1-9]\d{0,38}))")},
       {"PutRecords",
        put(good +
            R"(,{"Data":"","PartitionKey":"a","ExplicitHashKey":"999999999999999999999999999999999999999"})"),
        "InvalidArgumentException: Invalid ExplicitHashKey."},
       {"PutRecords", put(Repeat(11, R"({"Data":""})")),
        "ValidationException: 10 validation errors detected: "},
       {"PutRecords",
        put(good + R"(,{"PartitionKey":"abcde","Data":")" + std::string(1'398'096, 'A') + "\"}"),
        "InvalidArgumentException: A record of"},
       {"PutRecords", put(Repeat(10, mebibyte)), "200"},
       {"PutRecords", put(Repeat(10, mebibyte) + "," + good),
        "InvalidArgumentException: Records size exceeds 10 MB limit"}});
  KinesisFixture k;
  k.Ok("CreateStream", R"({"StreamName":"s","ShardCount":1})");
  (void)k.Call("PutRecords",
               put(good + R"(,{"Data":"","PartitionKey":"a","ExplicitHashKey":"x"})"));
  EXPECT_TRUE(k.f.ReadAll(*k.f.log->Find("s"), 0).empty()) << "all of a request or nothing";
}

TEST(KinesisConformance, GetShardIterator) {  // 2.9, checklist 61-65
  const auto ask = [](const std::string& rest) {
    return R"({"StreamName":"s","ShardId":"shardId-000000000000",)" + rest + "}";
  };
  const auto number = [](uint32_t shard, log::RecordOffset offset) {
    return log::SequenceNumber::Make({1}, shard, offset).ToString();
  };
  const std::string must = "InvalidArgumentException: Must ";
  RunAll({{"GetShardIterator", ask(R"("ShardIteratorType":"TRIM_HORIZON")"), "200"},
          {"GetShardIterator", R"({"StreamName":"s","ShardIteratorType":"LATEST"})",
           Violation("null", "shardId", "not be null")},
          {"GetShardIterator", R"({"StreamName":"s","ShardId":"0"})",
           Violation("null", "shardIteratorType", "not be null")},
          {"GetShardIterator", ask(R"("ShardIteratorType":"OLDEST")"),
           Violation("'OLDEST'", "shardIteratorType",
                     "satisfy enum value set: [AT_SEQUENCE_NUMBER, AFTER_SEQUENCE_NUMBER, "
                     "TRIM_HORIZON, LATEST, AT_TIMESTAMP]")},
          {"GetShardIterator", R"({"StreamName":"s","ShardId":"x/y","ShardIteratorType":"LATEST"})",
           Violation("'x/y'", "shardId", kNamePattern)},
          {"GetShardIterator",
           ask(R"("ShardIteratorType":"AT_SEQUENCE_NUMBER","StartingSequenceNumber":"01")"),
           Violation("'01'", "startingSequenceNumber",
                     R"(satisfy regular expression pattern: 0|([1-9]\d{0,128}))")},
          {"GetShardIterator",
           R"({"StreamName":"s","ShardId":"shardId-000000000002","ShardIteratorType":"LATEST"})",
           "ResourceNotFoundException: Shard shardId-000000000002 in stream s under account "
           "000000000000 does not exist"},
          {"GetShardIterator",
           R"({"StreamName":"s","ShardId":"nonsense","ShardIteratorType":"LATEST"})",
           "ResourceNotFoundException: Shard nonsense"},
          {"GetShardIterator", R"({"StreamName":"s","ShardId":"x-1","ShardIteratorType":"LATEST"})",
           "200"},
          {"GetShardIterator", ask(R"("ShardIteratorType":"AT_SEQUENCE_NUMBER")"), must},
          {"GetShardIterator", ask(R"("ShardIteratorType":"AFTER_SEQUENCE_NUMBER")"), must},
          {"GetShardIterator", ask(R"("ShardIteratorType":"AT_TIMESTAMP")"), must},
          {"GetShardIterator",
           ask(R"("ShardIteratorType":"TRIM_HORIZON","StartingSequenceNumber":"5")"), must},
          {"GetShardIterator", ask(R"("ShardIteratorType":"LATEST","StartingSequenceNumber":"5")"),
           must},
          {"GetShardIterator",
           ask(R"("ShardIteratorType":"AT_SEQUENCE_NUMBER","StartingSequenceNumber":"5")"),
           "InvalidArgumentException: StartingSequenceNumber 5 used in"},
          {"GetShardIterator",
           ask(R"("ShardIteratorType":"AT_SEQUENCE_NUMBER","StartingSequenceNumber":")" +
               number(1, {1}) + "\""),
           "InvalidArgumentException"},
          {"GetShardIterator",
           ask(R"("ShardIteratorType":"AT_SEQUENCE_NUMBER","StartingSequenceNumber":")" +
               number(0, log::kBeforeFirst) + "\""),
           "200"},
          {"GetShardIterator",
           ask(R"("ShardIteratorType":"AFTER_SEQUENCE_NUMBER","StartingSequenceNumber":")" +
               number(0, log::kEndOfShard) + "\""),
           "200"},
          {"GetShardIterator", ask(R"("ShardIteratorType":"AT_TIMESTAMP","Timestamp":1767229200)"),
           "InvalidArgumentException: The timestampInMillis parameter cannot be greater than the "
           "currentTimestampInMillis. timestampInMillis: 1767229200000, "
           "currentTimestampInMillis: 1767225600000"}});
}

TEST(KinesisConformance, GetRecords) {  // 2.10, checklist 66, 68
  RunAll({{"GetRecords", "{}", Violation("null", "shardIterator", "not be null")},
          {"GetRecords", R"({"ShardIterator":""})",
           Violation("''", "shardIterator", "have length greater than or equal to 1")},
          {"GetRecords", R"({"ShardIterator":")" + std::string(513, 'A') + "\"}",
           "ValidationException"},
          {"GetRecords", R"({"ShardIterator":"AAAA"})",
           "InvalidArgumentException: Invalid ShardIterator."},
          {"GetRecords", R"({"ShardIterator":"not base64"})",
           "InvalidArgumentException: Invalid ShardIterator."},
          {"GetRecords", R"({"ShardIterator":"AAAA","Limit":0})",
           Violation("'0'", "limit", "have value greater than or equal to 1")},
          {"GetRecords", R"({"ShardIterator":"AAAA","Limit":10001})",
           Violation("'10001'", "limit", "have value less than or equal to 10000")}});
}

}  // namespace
}  // namespace tidemark::kinesis
