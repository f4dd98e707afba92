// SPDX-License-Identifier: Apache-2.0
#include "app/generator.h"

#include <chrono>
#include <span>
#include <thread>

#include "base/base64.h"
#include "base/json.h"

namespace tidemark::app {
namespace {

constexpr size_t kRecordsPerCall = 500;  // kinesis-api.md 2.8
constexpr milliseconds kBackOffMin{20};
constexpr milliseconds kBackOffMax{2'000};
// Naps are short so that Ctrl-C is answered at once.
constexpr milliseconds kNap{100};

struct Outgoing {
  std::string data;
  std::string key;
};

class Sender {
 public:
  Sender(http::Client& client, std::string stream, const std::atomic<bool>& stop)
      : client_(client), stream_(std::move(stream)), stop_(stop) {}

  /// Sends all, in order, again and again what was throttled. False: stopped.
  Result<bool> Send(std::span<const Outgoing> records) {
    std::vector<Outgoing> rest(records.begin(), records.end());
    milliseconds back_off = kBackOffMin;
    while (!rest.empty()) {
      if (stop_.load()) return false;
      TM_ASSIGN_OR_RETURN(const http::Response response, client_.Send(MakeRequest(rest)));
      TM_ASSIGN_OR_RETURN(std::vector<Outgoing> refused, Refused(response, std::move(rest)));
      rest = std::move(refused);
      if (!rest.empty()) {
        std::this_thread::sleep_for(back_off);
        back_off = std::min(back_off * 2, kBackOffMax);
      }
    }
    return true;
  }

 private:
  http::Request MakeRequest(const std::vector<Outgoing>& records) const {
    std::string body = R"({"StreamName":)";
    AppendJsonString(body, stream_);
    body += R"(,"Records":[)";
    for (size_t i = 0; i < records.size(); ++i) {
      body += i == 0 ? R"({"Data":")" : R"(,{"Data":")";
      AppendBase64(body, records[i].data);
      body += R"(","PartitionKey":)";
      AppendJsonString(body, records[i].key);
      body += '}';
    }
    body += "]}";
    http::Request request;
    request.method = "POST";
    request.path = "/";
    request.headers = {{"Content-Type", "application/x-amz-json-1.1"},
                       {"X-Amz-Target", "Kinesis_20131202.PutRecords"}};
    request.body = std::move(body);
    return request;
  }

  /// Those of `records` that have to be sent again.
  static Result<std::vector<Outgoing>> Refused(const http::Response& response,
                                               std::vector<Outgoing> records) {
    TM_ASSIGN_OR_RETURN(const JsonValue body, ParseJson(response.body));
    if (response.status != 200) {
      const JsonValue* type = body.Find("__type");
      const JsonValue* message = body.Find("message");
      const std::string name = type != nullptr ? type->string_value() : "";
      if (response.status >= 500 || name.find("Throughput") != std::string::npos ||
          name.find("LimitExceeded") != std::string::npos) {
        return records;
      }
      return Error{name.find("ResourceNotFound") != std::string::npos ? Code::kNotFound
                                                                      : Code::kInvalidArgument,
                   message != nullptr ? message->string_value() : name};
    }
    const JsonValue* failed = body.Find("FailedRecordCount");
    if (failed == nullptr || failed->AsInt64().value_or(0) == 0) return std::vector<Outgoing>{};
    std::vector<Outgoing> again;
    const JsonValue* answers = body.Find("Records");
    for (size_t i = 0; answers != nullptr && i < answers->array().size() && i < records.size();
         ++i) {
      if (answers->array()[i].Find("ErrorCode") != nullptr) again.push_back(std::move(records[i]));
    }
    return again;
  }

  http::Client& client_;
  const std::string stream_;
  const std::atomic<bool>& stop_;
};

Result<std::string> KeyOf(const Dimensions& dimensions, std::string_view fields) {
  std::string out;
  for (size_t at = 0; at <= fields.size();) {
    const size_t slash = std::min(fields.find('/', at), fields.size());
    const std::string_view field = fields.substr(at, slash - at);
    const std::string_view value = DimensionOf(dimensions, field);
    if (value.empty()) {
      return Error{Code::kInvalidArgument,
                   "--partition-key: there is no dimension \"" + std::string(field) + "\""};
    }
    if (!out.empty()) out += '/';
    out += value;
    at = slash + 1;
  }
  return out;
}

/// Sleeps until `due`; false when stopped meanwhile.
bool WaitUntil(ArrivalTime due, const Clock& clock, const std::atomic<bool>& stop) {
  while (!stop.load()) {
    const milliseconds left = due - clock.Now();
    if (left <= milliseconds(0)) return true;
    std::this_thread::sleep_for(std::min(left, kNap));
  }
  return false;
}

int64_t SecondsOf(EventTime time) { return FloorTo(time, seconds(1)).ns / 1'000'000'000; }

}  // namespace

Result<GeneratorProgress> RunGenerator(
    const GeneratorOptions& options, http::Client& client, const Clock& clock,
    const std::atomic<bool>& stop, const std::function<void(const GeneratorProgress&)>& report) {
  if (options.interval < seconds(1) || options.interval % seconds(1) != nanoseconds(0) ||
      options.late_time % seconds(1) != nanoseconds(0)) {
    return Error{Code::kInvalidArgument,
                 "--interval and --late-time are whole seconds: the records' Time is"};
  }
  const Fleet fleet(options.fleet);
  const int64_t interval_s = std::chrono::duration_cast<seconds>(options.interval).count();
  const int64_t late_s = std::chrono::duration_cast<seconds>(options.late_time).count();
  std::vector<std::string> keys;
  for (const Host& host : fleet.hosts()) {
    TM_ASSIGN_OR_RETURN(std::string key, KeyOf(host.dimensions, options.partition_key));
    keys.push_back(std::move(key));
  }

  Sender sender(client, options.stream, stop);
  GeneratorProgress progress;
  const EventTime first = options.start.value_or(clock.Now().AsEventTime());
  const MonotonicTime began = clock.Monotonic();
  MonotonicTime reported = began;
  std::vector<Outgoing> batch;
  std::vector<std::string> texts;

  for (int64_t step = SecondsOf(FloorTo(first, options.interval)); !stop.load();
       step += interval_s) {
    if (options.end && step >= SecondsOf(*options.end)) break;
    const ArrivalTime due{step * 1000};
    progress.live = due > clock.Now();
    if (progress.live) report(progress);
    if (!WaitUntil(due, clock, stop)) break;
    for (size_t h = 0; h < fleet.hosts().size() && !stop.load(); ++h) {
      const Host& host = fleet.hosts()[h];
      const bool late = fleet.IsLate(host, step, options.percent_late);
      const int64_t time_s = late ? step - late_s : step;
      texts.clear();
      fleet.AppendRecords(host, time_s, late ? Fleet::Sent::kLate : Fleet::Sent::kOnTime, texts);
      for (std::string& text : texts) batch.push_back({std::move(text), keys[h]});
      if (late) progress.late_records += texts.size();
      const bool last = h + 1 == fleet.hosts().size();
      while (batch.size() >= kRecordsPerCall || (last && !batch.empty())) {
        const size_t count = std::min(batch.size(), kRecordsPerCall);
        TM_ASSIGN_OR_RETURN(const bool sent, sender.Send(std::span(batch).first(count)));
        if (!sent) return progress;
        batch.erase(batch.begin(), batch.begin() + static_cast<std::ptrdiff_t>(count));
        progress.records += count;
        if (options.rate > 0) {
          const nanoseconds used = clock.Monotonic() - began;
          const nanoseconds earned(static_cast<int64_t>(static_cast<double>(progress.records) *
                                                        1e9 / static_cast<double>(options.rate)));
          if (earned > used)
            std::this_thread::sleep_for(std::min<nanoseconds>(earned - used, seconds(1)));
        }
        if (const MonotonicTime now = clock.Monotonic(); now - reported >= seconds(1)) {
          reported = now;
          report(progress);
        }
      }
    }
    progress.event_time = EventTime{step * 1'000'000'000};
  }
  report(progress);
  return progress;
}

}  // namespace tidemark::app
