// SPDX-License-Identifier: Apache-2.0
#include "view_load.h"

#include <time.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <numeric>

#include "base/check.h"
#include "base/clock.h"

namespace tidemark {
namespace {

constexpr std::array<std::string_view, ViewLoad::kMeasures> kMeasureNames = {
    "cpu_user",         "cpu_system",        "cpu_steal",
    "cpu_iowait",       "cpu_nice",          "cpu_hi",
    "cpu_si",           "cpu_idle",          "memory_free",
    "memory_used",      "memory_cached",     "disk_io_reads",
    "latency_per_read", "disk_io_writes",    "latency_per_write",
    "network_bytes_in", "network_bytes_out", "file_descriptors_in_use",
    "disk_used",        "disk_free"};
constexpr std::array<std::string_view, 3> kRegions = {"us-east-1", "eu-west-1", "ap-northeast-1"};

// Numbers without a common factor with any count of series (which are powers of ten): with one of
// them as the stride, a step's order follows nothing of the step's before.
constexpr std::array<size_t, 6> kStrides = {7, 11, 13, 1009, 10'007, 100'003};

uint64_t Mix(uint64_t x) {
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31U);
}

template <typename Number>
void AppendNumber(Number number, std::string& out) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  out.append(text.data(), end);
}

std::string TailOf(size_t host) {
  const std::string_view region = kRegions[host % kRegions.size()];
  const std::string cell = std::string(region) + "-cell-" + std::to_string(host / 30 % 9 + 1);
  std::string tail = R"("TimeUnit": "MILLISECONDS", "region": ")" + std::string(region) +
                     R"(", "cell": ")" + cell + R"(", "silo": ")" + cell + "-silo-" +
                     std::to_string(host / 10 % 3 + 1) + R"(", "availability_zone": ")" +
                     std::string(region) + R"(-1", "microservice_name": "athena", )" +
                     R"("instance_type": "m5.8xlarge", "os_version": "AL2012", )" +
                     R"("instance_name": "i-zaZswmJk-athena-)";
  return tail + std::to_string(host) + R"(.amazonaws.com"})";
}

}  // namespace

nanoseconds ThreadCpu() {
  timespec at{};
  TM_CHECK(::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at) == 0);
  return seconds(at.tv_sec) + nanoseconds(at.tv_nsec);
}

ViewLoad::ViewLoad(const ViewLoadOptions& options) : options_(options) {
  TM_CHECK(options.series % kMeasures == 0);
  for (size_t host = 0; host < options.series / kMeasures; ++host) tails_.push_back(TailOf(host));
  if (options.order == ViewLoadOptions::Order::kProducer) return;
  shuffled_.resize(options.series);
  std::iota(shuffled_.begin(), shuffled_.end(), 0U);
  SeededRandom random(1);
  for (size_t i = shuffled_.size(); i > 1; --i) {
    std::swap(shuffled_[i - 1], shuffled_[random.Below(i)]);
  }
}

ViewEvent ViewLoad::At(int64_t step, size_t k) const {
  const auto u = static_cast<uint64_t>(step);
  size_t s = k;
  if (!shuffled_.empty()) {
    s = shuffled_[(k * kStrides[u % kStrides.size()] + Mix(u)) % shuffled_.size()];
  }
  ViewEvent event{.series = static_cast<uint32_t>(s), .time = TimeOf(step)};
  const auto draw = static_cast<int>(Mix(u * 1'000'003 + s / kMeasures) % 100);
  if (step >= 0 && draw < options_.late_percent) {
    event.time = event.time - options_.lateness;
  }
  event.value = static_cast<double>((s * 31 + u * 7) % 400) / 4;
  return event;
}

void ViewLoad::AppendText(const ViewEvent& event, std::string& out) const {
  out += R"({"MeasureName": ")";
  out += kMeasureNames[event.series % kMeasures];
  out += R"(", "MeasureValue": ")";
  AppendNumber(event.value, out);
  out += R"(", "MeasureValueType": "DOUBLE", "Time": ")";
  AppendNumber(event.time.ns / 1'000'000, out);
  out += R"(", )";
  out += tails_[event.series / kMeasures];
}

size_t ViewLoad::SeriesOf(std::string_view measure, std::string_view host) const {
  const auto found = std::ranges::find(kMeasureNames, measure);
  TM_CHECK(found != kMeasureNames.end());
  const size_t begin = std::string_view("i-zaZswmJk-athena-").size();
  size_t number = 0;
  std::from_chars(host.data() + begin, host.data() + host.size(), number);
  return number * kMeasures + static_cast<size_t>(found - kMeasureNames.begin());
}

void LoadSource::Offer(int64_t step, ArrivalTime now) {
  step_ = step;
  now_ = now;
  k_ = 0;
  if (wake_) wake_();
}

Result<bool> LoadSource::Poll(size_t records_max, pipeline::SourceBatch& out) {
  if (k_ >= events_per_step_) return false;
  const nanoseconds begin = ThreadCpu();
  const size_t count = std::min(records_max, events_per_step_ - k_);
  auto text = std::make_shared<std::string>();
  text->reserve(count * 640);
  std::vector<std::pair<size_t, size_t>> places;
  for (size_t i = 0; i < count; ++i) {
    const size_t from = text->size();
    make_(step_, k_ + i, *text);
    places.emplace_back(from, text->size() - from);
    text->append(pipeline::kPayloadPadding, '\0');
  }
  for (const auto& [from, bytes] : places) {
    out.records.push_back({std::string_view(*text).substr(from, bytes), now_, offset_++});
  }
  k_ += count;
  out.partition = 0;
  out.end_position = std::to_string(offset_);
  out.at_end = k_ >= events_per_step_;
  out.keep_alive = std::move(text);
  spent_ += ThreadCpu() - begin;
  return true;
}

}  // namespace tidemark
