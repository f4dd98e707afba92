// SPDX-License-Identifier: Apache-2.0
// The service model's inputs as tables: kinesis-api.md 1.13 (shared constraints) and section 2.
#include <array>

#include "api/kinesis/validation_internal.h"

namespace tidemark::kinesis {
namespace {

using enum MemberType;

constexpr int64_t kDataBytesMax = 10'485'760;
constexpr std::array<std::string_view, 2> kStreamModes = {"PROVISIONED", "ON_DEMAND"};
constexpr std::array<std::string_view, 5> kIteratorTypes = {
    "AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER", "TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"};
constexpr std::array<std::string_view, 6> kShardFilters = {"AFTER_SHARD_ID",    "AT_TRIM_HORIZON",
                                                           "FROM_TRIM_HORIZON", "AT_LATEST",
                                                           "AT_TIMESTAMP",      "FROM_TIMESTAMP"};

constexpr Member Named(const char* name, bool required) {
  return {.name = name,
          .type = kString,
          .required = required,
          .min = 1,
          .max = 128,
          .pattern = Pattern::kName};
}
constexpr Member kStreamName = Named("StreamName", false);
constexpr Member kStreamArn = {
    .name = "StreamARN", .type = kString, .min = 1, .max = 2048, .pattern = Pattern::kStreamArn};
constexpr Member kNextToken = {.name = "NextToken", .type = kString, .min = 1, .max = 1'048'576};
constexpr Member kData = {.name = "Data", .type = kBlob, .required = true, .max = kDataBytesMax};
constexpr Member kPartitionKey = {
    .name = "PartitionKey", .type = kString, .required = true, .min = 1, .max = 256};
constexpr Member kExplicitHashKey = {
    .name = "ExplicitHashKey", .type = kString, .pattern = Pattern::kHashKey};

constexpr Member Limit(const char* name) {
  return {.name = name, .type = kInteger, .min = 1, .max = 10'000};
}
constexpr Member SequenceNumber(const char* name) {
  return {.name = name, .type = kString, .pattern = Pattern::kSequenceNumber};
}

constexpr std::array kStreamModeMembers = {
    Member{.name = "StreamMode", .type = kString, .required = true, .values = kStreamModes}};
constexpr std::array kCreateStream = {
    Named("StreamName", true),
    Member{.name = "ShardCount", .type = kInteger, .min = 1},
    Member{.name = "StreamModeDetails", .type = kStructure, .members = kStreamModeMembers},
    Member{.name = "Tags", .type = kMap, .max = 200},
    Member{.name = "WarmThroughputMiBps", .type = kInteger, .min = 0},
    Member{.name = "MaxRecordSizeInKiB", .type = kInteger, .min = 1024, .max = 10'240}};
constexpr std::array kDeleteStream = {kStreamName, kStreamArn,
                                      Member{.name = "EnforceConsumerDeletion", .type = kBoolean}};
constexpr std::array kDescribeStream = {kStreamName, kStreamArn, Limit("Limit"),
                                        Named("ExclusiveStartShardId", false)};
constexpr std::array kDescribeStreamSummary = {kStreamName, kStreamArn};
constexpr std::array kListStreams = {Limit("Limit"), Named("ExclusiveStartStreamName", false),
                                     kNextToken};
constexpr std::array kShardFilterMembers = {
    Member{.name = "Type", .type = kString, .required = true, .values = kShardFilters},
    Named("ShardId", false), Member{.name = "Timestamp", .type = kTimestamp}};
constexpr std::array kListShards = {
    kStreamName,
    kStreamArn,
    kNextToken,
    Named("ExclusiveStartShardId", false),
    Limit("MaxResults"),
    Member{.name = "StreamCreationTimestamp", .type = kTimestamp},
    Member{.name = "ShardFilter", .type = kStructure, .members = kShardFilterMembers}};
constexpr std::array kPutRecord = {
    kStreamName,   kStreamArn,       kData,
    kPartitionKey, kExplicitHashKey, SequenceNumber("SequenceNumberForOrdering")};
constexpr std::array kRecordMembers = {kData, kPartitionKey, kExplicitHashKey};
constexpr std::array kPutRecords = {kStreamName, kStreamArn,
                                    Member{.name = "Records",
                                           .type = kList,
                                           .required = true,
                                           .min = 1,
                                           .max = 500,
                                           .members = kRecordMembers}};
constexpr std::array kGetShardIterator = {
    kStreamName,
    kStreamArn,
    Named("ShardId", true),
    Member{
        .name = "ShardIteratorType", .type = kString, .required = true, .values = kIteratorTypes},
    SequenceNumber("StartingSequenceNumber"),
    Member{.name = "Timestamp", .type = kTimestamp}};
constexpr std::array kGetRecords = {
    Member{.name = "ShardIterator", .type = kString, .required = true, .min = 1, .max = 512},
    Limit("Limit"), kStreamArn};

}  // namespace

std::span<const Member> CreateStreamMembers() { return kCreateStream; }
std::span<const Member> DeleteStreamMembers() { return kDeleteStream; }
std::span<const Member> DescribeStreamMembers() { return kDescribeStream; }
std::span<const Member> DescribeStreamSummaryMembers() { return kDescribeStreamSummary; }
std::span<const Member> ListStreamsMembers() { return kListStreams; }
std::span<const Member> ListShardsMembers() { return kListShards; }
std::span<const Member> PutRecordMembers() { return kPutRecord; }
std::span<const Member> PutRecordsMembers() { return kPutRecords; }
std::span<const Member> GetShardIteratorMembers() { return kGetShardIterator; }
std::span<const Member> GetRecordsMembers() { return kGetRecords; }

}  // namespace tidemark::kinesis
