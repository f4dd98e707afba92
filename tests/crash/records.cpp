// SPDX-License-Identifier: Apache-2.0
#include "crash/records.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "base/numbers.h"

namespace tidemark::tests {
namespace {

std::string Json(const std::string& measure, const std::string& value, const std::string& type,
                 EventTime time, const std::string& host) {
  return R"({"MeasureName":")" + measure + R"(","MeasureValue":")" + value +
         R"(","MeasureValueType":")" + type + R"(","Time":")" +
         std::to_string(time.ns / 1'000'000'000) + R"(","TimeUnit":"SECONDS","host":")" + host +
         R"("})";
}

std::string HostName(uint64_t number) { return "host-" + std::to_string(number); }

}  // namespace

Sample RecordMaker::Remember(Sample sample) {
  if (sample.dead_reason.empty()) made_.push_back(sample.data);
  by_data_.emplace(sample.data, sample);
  return sample;
}

const Sample* RecordMaker::Find(const std::string& data) const {
  const auto found = by_data_.find(data);
  return found == by_data_.end() ? nullptr : &found->second;
}

Sample RecordMaker::Point(const std::string& host, const std::string& measure, EventTime time) {
  Sample sample;
  sample.key = sample.host = host;
  sample.measure = measure;
  sample.time = FloorTo(time, seconds(1));
  std::string type;
  if (measure == "cpu") {
    // Few, so that corrections meet equal ones; large ones, so that order would show in sums.
    constexpr std::array kValues{0.1, 1e16, -1e16, 3.25, 1e-7, 42.0};
    type = "DOUBLE";
    sample.value = FormatDoubleShortest(kValues[random_.Below(kValues.size())]);
  } else if (measure == "jobs") {
    type = "BIGINT";
    sample.value = std::to_string(random_.Below(4));
  } else {
    type = "VARCHAR";
    sample.value = random_.Below(2) == 0 ? "ok" : "failed after a long time";
  }
  sample.data = Json(measure, sample.value, type, sample.time, host);
  return sample;
}

Sample RecordMaker::First(uint64_t host, EventTime now) {
  return Remember(Point(HostName(host), "cpu", now));
}

Sample RecordMaker::Malformed(EventTime now) {
  const std::string host = HostName(random_.Below(mix_.hosts));
  const std::string number = std::to_string(random_.Next() % 1000);
  Sample sample;
  sample.key = sample.host = host;
  switch (random_.Below(7)) {
    case 0:
      sample.dead_reason = "decode";
      sample.data = "not JSON " + number;
      break;
    case 1:
      sample.dead_reason = "schema";
      sample.data = R"({"MeasureName":"cpu","Time":")" + number + "\"}";
      break;
    case 2:
      sample.dead_reason = "value";
      sample.data = Json("cpu", "NaN", "DOUBLE", now, host);
      break;
    case 3:
      sample.dead_reason = "time";
      sample.data = Json("cpu", "1", "DOUBLE", EventTime{-9'000'000'000'000'000'000}, host);
      break;
    case 4:
      sample.dead_reason = "reserved";
      sample.data = Json("avg_" + number, "1", "DOUBLE", now, host);
      break;
    case 5:
      sample.dead_reason = "retention";
      sample.data = Json("cpu", number, "DOUBLE", now - hours(24 * 3), host);
      break;
    default:
      sample.dead_reason = "type_conflict";
      sample.data = Json("cpu", "text " + number, "VARCHAR", now, host);
      break;
  }
  return Remember(std::move(sample));
}

Sample RecordMaker::Make(EventTime now) {
  uint64_t draw = random_.Below(100);
  if (draw < mix_.percent_malformed) return Malformed(now);
  draw = random_.Below(100);
  if (draw < mix_.percent_duplicate && !made_.empty()) {
    return by_data_.at(made_[random_.Below(made_.size())]);
  }
  draw = random_.Below(100);
  if (draw < mix_.percent_corrected && !made_.empty()) {
    const Sample& old = by_data_.at(made_[random_.Below(made_.size())]);
    return Remember(Point(old.host, old.measure, old.time));
  }
  const bool late = random_.Below(100) < mix_.percent_late;
  const auto behind = static_cast<int64_t>(
      random_.Below(static_cast<uint64_t>((late ? mix_.late_max : seconds(3)).count())));
  constexpr std::array<const char*, 4> kMeasures{"cpu", "cpu", "jobs", "state"};
  return Remember(Point(HostName(random_.Below(mix_.hosts)),
                        kMeasures[random_.Below(kMeasures.size())], now - nanoseconds(behind)));
}

std::vector<LoggedRecord> ReadShard(const log::Stream& stream, uint32_t shard,
                                    log::RecordOffset last) {
  std::vector<LoggedRecord> out;
  log::ReadRequest request{.shard = shard};
  while (true) {
    const auto batch = stream.Read(request);
    if (!batch.ok()) {
      ADD_FAILURE() << stream.name() << ": " << batch.error().message;
      return out;
    }
    for (const log::RecordView& record : batch->records) {
      if (record.offset > last) return out;
      out.push_back({shard, record.offset, record.arrival, std::string(record.partition_key),
                     std::string(record.data)});
    }
    if (batch->at_tip) return out;
    request.from = batch->next;
  }
}

void ApplyRecords(const RecordMaker& maker, const std::vector<LoggedRecord>& records,
                  std::map<PointKey, PointValue>& points) {
  for (const LoggedRecord& record : records) {
    const Sample* sample = maker.Find(record.data);
    ASSERT_NE(sample, nullptr) << "a record that nobody put: " << record.data;
    if (!sample->dead_reason.empty()) continue;
    PointValue& point = points[{sample->measure, sample->host, sample->time}];
    if (point.value == sample->value) continue;
    point.value = sample->value;
    point.version = std::max(record.arrival.ms, point.version + 1);
  }
}

}  // namespace tidemark::tests
