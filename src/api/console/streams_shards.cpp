// SPDX-License-Identifier: Apache-2.0
// Shards of a stream, who fills them, and who reads them.
#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <vector>

#include "api/console/streams_internal.h"

namespace tidemark::console {
namespace {

constexpr double kShardRecordsPerSecond = 1000;  // of the hosted service (kinesis-api.md 3.7)
constexpr size_t kSampleRecordsMax = 20'000;
constexpr size_t kSampleBytesMax = size_t{16} << 20U;
constexpr size_t kSampleBytesMin = size_t{16} << 10U;  // of one shard
constexpr size_t kBusiestMax = 10;

double AsDouble(catalog::HashKey key) {
  return std::ldexp(static_cast<double>(key.hi), 64) + static_cast<double>(key.lo);
}

double HashShare(const catalog::ShardDef& shard) {
  return (AsDouble(shard.hash_end) - AsDouble(shard.hash_start)) / std::ldexp(1.0, 128);
}

double Rounded(double value, double step) { return std::round(value / step) * step; }

void WriteShardOrNull(JsonWriter& out, std::string_view key, std::optional<uint32_t> shard) {
  out.Key(key);
  shard ? out.String(ShardName(*shard)) : out.Null();
}

void WriteShard(JsonWriter& out, const log::Stream& stream, const catalog::ShardDef& shard,
                double rate, double all) {
  out.BeginObject();
  WriteText(out, "shard", ShardName(shard.number));
  WriteText(out, "state", shard.closed ? "closed" : "open");
  WriteShardOrNull(out, "parent", shard.parent);
  WriteShardOrNull(out, "adjacent_parent", shard.adjacent_parent);
  WriteText(out, "hash_start", log::FormatHashKey(shard.hash_start));
  WriteText(out, "hash_end", log::FormatHashKey(shard.hash_end));
  out.Key("hash_share").Double(Rounded(HashShare(shard), 1e-6));
  out.Key("records_per_second").Double(Rounded(rate, 0.1));
  out.Key("traffic_share");
  all > 0 ? out.Double(Rounded(rate / all, 1e-4)) : out.Null();
  out.Key("limit_ratio").Double(Rounded(rate / kShardRecordsPerSecond, 1e-4));
  const auto status = stream.Status(shard.number);
  const bool holds = status.ok() && status->first < status->next;
  WriteI64(out, "records_kept", holds ? status->next.value - status->first.value : uint64_t{0});
  const auto sequence = [&](std::string_view key, uint64_t offset) {
    out.Key(key);
    holds ? out.String(stream.NumberOf(shard.number, {offset}).ToString()) : out.Null();
  };
  sequence("oldest_sequence", holds ? status->first.value : 0);
  sequence("newest_sequence", holds ? status->next.value - 1 : 0);
  out.Key("last_arrival");
  status.ok() && status->last_arrival.ms != 0 ? out.String(std::to_string(status->last_arrival.ms))
                                              : out.Null();
  out.EndObject();
}

/// Counts of keys and shards, scaled up from the newest records of each shard.
struct KeySample {
  struct Key {
    double records = 0;
    uint32_t shard = 0;
  };
  std::unordered_map<std::string, Key> keys;
  std::vector<std::pair<uint32_t, double>> shards;  // those with records
  double records = 0;
  uint64_t sampled = 0;
  bool exact = true;
};

Result<void> SampleShard(const log::Stream& stream, uint32_t shard, ArrivalTime since,
                         size_t records_max, size_t bytes_max, KeySample& out) {
  log::IteratorStart start{.type = log::IteratorType::kAtTimestamp, .sequence = {}, .time = since};
  TM_ASSIGN_OR_RETURN(const log::RecordOffset begin, stream.Resolve(shard, start));
  start.type = log::IteratorType::kLatest;
  TM_ASSIGN_OR_RETURN(const log::RecordOffset end, stream.Resolve(shard, start));
  if (begin >= end) return {};
  const uint64_t count = end.value - begin.value;
  log::ReadRequest request{
      .shard = shard, .from = begin, .records_max = records_max, .bytes_max = bytes_max};
  if (count > records_max) request.from = {end.value - records_max};
  TM_ASSIGN_OR_RETURN(const log::ReadBatch batch, stream.Read(request));
  if (batch.records.empty()) return {};
  if (count > batch.records.size()) out.exact = false;
  const double weight = static_cast<double>(count) / static_cast<double>(batch.records.size());
  for (const log::RecordView& record : batch.records) {
    KeySample::Key& key = out.keys[std::string(record.partition_key)];
    key.records += weight;
    key.shard = shard;
  }
  out.shards.emplace_back(shard, static_cast<double>(count));
  out.records += static_cast<double>(count);
  out.sampled += batch.records.size();
  return {};
}

std::string Counted(size_t count, std::string_view one) {
  return std::to_string(count) + " " + std::string(one) + (count == 1 ? "" : "s");
}

std::string Percent(double share) { return std::to_string(std::lround(share * 100)) + " %"; }

/// What the numbers mean, for people (console-ux.md 5.2).
std::string Sentence(const KeySample& sample, size_t shards) {
  if (sample.keys.empty()) return "No records came in this time.";
  const size_t distinct = sample.keys.size();
  std::string out = (sample.exact ? "" : "At least ") + Counted(distinct, "distinct key") +
                    (distinct == 1 ? " feeds " : " feed ") + Counted(shards, "shard");
  const size_t silent = shards - std::min(shards, sample.shards.size());
  if (silent > 0) {
    const bool keys_are_why = distinct < shards;
    out += keys_are_why ? "; at least " + Counted(shards - distinct, "shard") +
                              (shards - distinct == 1 ? " receives nothing" : " receive nothing")
                        : "; " + Counted(silent, "shard") +
                              (silent == 1 ? " received nothing" : " received nothing");
  } else if (shards > 1) {
    const auto busiest =
        std::ranges::max_element(sample.shards, {}, &std::pair<uint32_t, double>::second);
    const double share = busiest->second / sample.records;
    // Half as much again as its part is worth a word; less is chance.
    if (share * static_cast<double>(shards) >= 1.5) {
      out += "; " + ShardName(busiest->first) + " takes " + Percent(share) + " of the records";
    }
  }
  return out + ".";
}

void WriteKeys(JsonWriter& out, const KeySample& sample, size_t limit) {
  std::vector<const std::pair<const std::string, KeySample::Key>*> top;
  top.reserve(sample.keys.size());
  for (const auto& entry : sample.keys) top.push_back(&entry);
  const size_t shown = std::min(limit, top.size());
  std::partial_sort(top.begin(), top.begin() + static_cast<std::ptrdiff_t>(shown), top.end(),
                    [](const auto* a, const auto* b) {
                      return a->second.records != b->second.records
                                 ? a->second.records > b->second.records
                                 : a->first < b->first;
                    });
  top.resize(shown);
  out.Key("keys").BeginArray();
  for (const auto* entry : top) {
    out.BeginObject();
    WriteText(out, "key", entry->first);
    out.Key("share").Double(Rounded(entry->second.records / sample.records, 1e-4));
    WriteI64(out, "records", static_cast<int64_t>(std::llround(entry->second.records)));
    WriteText(out, "shard", ShardName(entry->second.shard));
    out.EndObject();
  }
  out.EndArray().Key("busiest").BeginArray();
  auto busiest = sample.shards;
  std::ranges::sort(busiest, [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  if (busiest.size() > kBusiestMax) busiest.resize(kBusiestMax);
  for (const auto& [shard, records] : busiest) {
    out.BeginObject();
    WriteText(out, "shard", ShardName(shard));
    out.Key("share").Double(Rounded(records / sample.records, 1e-4)).EndObject();
  }
  out.EndArray();
}

void WriteReader(JsonWriter& out, const log::Stream& stream, const log::Reader& reader) {
  out.BeginObject();
  WriteText(out, "kind", "polling");
  WriteText(out, "name", reader.key.client);
  WriteTextOrNull(out, "access_key", reader.key.access_key);
  WriteTextOrNull(out, "address", reader.key.address);
  out.Key("records_per_second").Double(Rounded(reader.records_per_second, 0.1));
  std::optional<milliseconds> worst;
  for (const auto& [number, shard] : reader.shards) {
    if (shard.iterator_age) worst = std::max(worst.value_or(milliseconds(0)), *shard.iterator_age);
  }
  const auto age = [&](const std::optional<milliseconds>& value) {
    out.Key("iterator_age_ms");
    value ? out.String(std::to_string(value->count())) : out.Null();
  };
  age(worst);
  WriteI64(out, "last_seen", reader.last_seen.ms);
  out.Key("shards").BeginArray();
  for (const auto& [number, shard] : reader.shards) {
    out.BeginObject();
    WriteText(out, "shard", ShardName(number));
    WriteText(out, "sequence", stream.NumberOf(number, shard.next).ToString());
    age(shard.iterator_age);
    out.EndObject();
  }
  out.EndArray().EndObject();
}

void WritePipelineReader(JsonWriter& out, const pipeline::PipelineStatus& status, double rate,
                         ArrivalTime now) {
  out.BeginObject();
  WriteText(out, "kind", "pipeline");
  WriteText(out, "name", status.definition.name);
  out.Key("access_key").Null().Key("address").Null();
  out.Key("records_per_second").Double(Rounded(rate, 0.1));
  out.Key("iterator_age_ms");
  status.lag_records ? out.String(std::to_string(status.lag.count())) : out.Null();
  WriteI64(out, "last_seen", now.ms);
  out.Key("shards").BeginArray();
  for (const pipeline::PartitionState& partition : status.partitions) {
    out.BeginObject();
    WriteText(out, "shard", partition.name);
    WriteTextOrNull(out, "sequence", partition.sequence);
    out.Key("iterator_age_ms").Null().EndObject();
  }
  out.EndArray().EndObject();
}

}  // namespace

Answer GetStreamShards(Core& core, Call& call) {
  const auto stream = FindStream(core.deps, call);
  if (!stream) return core.Fail(stream.error());
  const auto limit = QueryInt(call.request, "limit", {1, 1000, 200});
  if (!limit) return core.Fail(limit.error());
  const auto cursor = QueryInt(call.request, "cursor", {0, int64_t{log::kShardNumberMax} + 1, 0});
  if (!cursor) return core.Fail(cursor.error());
  const std::vector<double> rates =
      core.status.meter().ShardRates(**stream, core.deps.FiguresNow());
  double all = 0;
  for (const double rate : rates) all += rate;
  const auto& shards = (*stream)->definition().shards;
  JsonWriter out;
  out.BeginObject().Key("total").Uint(shards.size());
  WriteText(out, "hash_key_max", log::FormatHashKey(catalog::kHashKeyMax));
  std::optional<uint32_t> next;
  int64_t written = 0;
  out.Key("shards").BeginArray();
  for (size_t slot = 0; slot < shards.size() && !next; ++slot) {
    if (shards[slot].number < *cursor) continue;
    if (written == *limit) {
      next = shards[slot].number;
    } else {
      WriteShard(out, **stream, shards[slot], slot < rates.size() ? rates[slot] : 0, all);
      ++written;
    }
  }
  out.EndArray().Key("next_cursor");
  next ? out.String(std::to_string(*next)) : out.Null();
  out.EndObject();
  return Replies::Ok(std::move(out).Take());
}

Answer GetStreamKeys(Core& core, Call& call) {
  const auto stream = FindStream(core.deps, call);
  if (!stream) return core.Fail(stream.error());
  const auto period = QueryInt(call.request, "seconds", {1, 86'400, 300});
  if (!period) return core.Fail(period.error());
  const auto limit = QueryInt(call.request, "limit", {1, 100, 20});
  if (!limit) return core.Fail(limit.error());
  const auto& shards = (*stream)->definition().shards;
  const ArrivalTime since = core.deps.clock.Now() - seconds(*period);
  KeySample sample;
  for (const catalog::ShardDef& shard : shards) {
    const size_t records_max = std::max<size_t>(kSampleRecordsMax / shards.size(), 1);
    const size_t bytes_max = std::max(kSampleBytesMax / shards.size(), kSampleBytesMin);
    const auto sampled = SampleShard(**stream, shard.number, since, records_max, bytes_max, sample);
    if (!sampled.ok()) return core.Fail(ToFailure(sampled.error(), "stream_not_found"));
  }
  const auto open = static_cast<size_t>(
      std::ranges::count_if(shards, [](const auto& shard) { return !shard.closed; }));
  JsonWriter out;
  out.BeginObject().Key("seconds").Int(*period);
  WriteI64(out, "records", static_cast<int64_t>(std::llround(sample.records)));
  WriteI64(out, "sampled", sample.sampled);
  out.Key("exact").Bool(sample.exact);
  out.Key("distinct_keys").Uint(sample.keys.size());
  out.Key("shards").Uint(open);
  out.Key("shards_with_records").Uint(sample.shards.size());
  WriteText(out, "sentence", Sentence(sample, open));
  WriteKeys(out, sample, static_cast<size_t>(*limit));
  out.EndObject();
  return Replies::Ok(std::move(out).Take());
}

Answer GetStreamConsumers(Core& core, Call& call) {
  const auto stream = FindStream(core.deps, call);
  if (!stream) return core.Fail(stream.error());
  const ArrivalTime now = core.deps.clock.Now();
  JsonWriter out;
  out.BeginObject().Key("consumers").BeginArray();
  for (const auto& status : core.deps.pipelines.Statuses()) {
    if (status.definition.stream != (*stream)->name()) continue;
    WritePipelineReader(out, status, core.status.RateOf(status), now);
  }
  for (const log::Reader& reader : core.deps.log.readers().List((*stream)->id(), now)) {
    WriteReader(out, **stream, reader);
  }
  out.EndArray().EndObject();
  return Replies::Ok(std::move(out).Take());
}

}  // namespace tidemark::console
