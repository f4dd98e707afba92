// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>

#include "base/checksum.h"
#include "base/numbers.h"
#include "pipeline/skeleton_cache_internal.h"

namespace tidemark::pipeline {
namespace {

// A pipeline's records come in a few shapes (one per order of fields and value type); more means
// that something varies before the last hole, and the cache cannot help.
constexpr size_t kShapesMax = 16;
constexpr size_t kMeasuresMax = 1024;
// Below half of the records the cache costs more than it saves (ingest.md section 4). Records that
// teach it something are not counted: a fleet of more series than a round has misses once for each,
// and then no more. What teaches for ever fills the memory, and then counts.
constexpr uint64_t kRound = 65'536;
constexpr uint64_t kHitsMin = kRound / 2;

constexpr bool IsNumberByte(char c) {
  return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

constexpr bool IsDigits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool StartsWith(std::string_view text, size_t at, std::string_view literal) {
  return text.size() - at >= literal.size() &&
         std::memcmp(text.data() + at, literal.data(), literal.size()) == 0;
}

}  // namespace

size_t SkeletonCache::MeasureHash::operator()(std::string_view name) const { return Hash64(name); }

bool SkeletonCache::CutRecord(const Shape& shape, std::string_view payload, Cut& cut) {
  size_t at = 0;
  for (size_t i = 0; i < 3; ++i) {
    const std::string& literal = shape.literals[i];
    if (at > payload.size() || !StartsWith(payload, at, literal)) return false;
    at += literal.size();
    const void* quote = std::memchr(payload.data() + at, '"', payload.size() - at);
    if (quote == nullptr) return false;
    const auto end = static_cast<size_t>(static_cast<const char*>(quote) - payload.data());
    cut.holes[shape.order[i]] = payload.substr(at, end - at);
    at = end;
  }
  cut.tail = payload.substr(at);
  return true;
}

std::optional<SkeletonCache::Hit> SkeletonCache::Answer(const Tail& tail, const Cut& cut) {
  const auto measure = measures_.find(cut.holes[kMeasureHole]);
  if (measure == measures_.end() || measure->second >= tail.series.size()) return std::nullopt;
  const store::SeriesRef series = tail.series[measure->second];
  if (series == store::SeriesRef{}) return std::nullopt;

  Hit hit;
  hit.series = series;
  const std::string_view value = cut.holes[kValueHole];
  if (tail.type == store::ValueType::kDouble) {
    const auto number = ParseFiniteDouble(value);
    if (!number) return std::nullopt;
    hit.value = store::ValueView::Double(*number);
  } else {
    const auto number = ParseInt64(value);
    if (!number) return std::nullopt;
    hit.value = store::ValueView::Bigint(*number);
  }
  if (!IsDigits(cut.holes[kTimeHole])) return std::nullopt;
  const auto count = ParseInt64(cut.holes[kTimeHole]);
  if (!count) return std::nullopt;
  const auto time = TimeFromUnits(*count, tail.unit);
  if (!time) return std::nullopt;
  hit.time = *time;
  if (rules_ != nullptr && !ApplyRules(measure->second, hit)) return std::nullopt;
  return hit;
}

/// False: the full parser has to say: the scaled value fits no more, or its series is not known.
bool SkeletonCache::ApplyRules(uint32_t measure, Hit& hit) const {
  if (hit.series == kFilteredSeries) return true;
  if (!rules_->PassesValue(hit.value)) {
    hit.series = kFilteredSeries;
    return true;
  }
  if (hit.series == kUnresolvedSeries) return false;
  const auto scaled = RecordRules::Scaled(hit.value, factors_[measure]);
  if (!scaled) return false;
  hit.value = *scaled;
  return true;
}

const SkeletonCache::Tail* SkeletonCache::FindTail(uint32_t shape, std::string_view bytes) {
  // Producers send the measures of one host in a row: most records repeat the tail of the one
  // before.
  if (last_tail_ < tails_.size()) {
    const Tail& last = tails_[last_tail_];
    if (last.shape == shape && last.bytes == bytes) return &last;
  }
  const auto found = tail_of_hash_.find(Hash64(bytes) + shape);
  if (found == tail_of_hash_.end()) return nullptr;
  const Tail& tail = tails_[found->second];
  if (tail.shape != shape || tail.bytes != bytes) return nullptr;
  last_tail_ = found->second;
  return &tail;
}

std::optional<SkeletonCache::Hit> SkeletonCache::Find(std::string_view payload) {
  if (!enabled_) return std::nullopt;
  if (++tried_ == kRound) Judge();
  Cut cut;
  const auto shapes = static_cast<uint32_t>(shapes_.size());
  for (uint32_t i = 0; i < shapes; ++i) {
    const uint32_t shape = (last_shape_ + i) % shapes;
    if (!CutRecord(shapes_[shape], payload, cut)) continue;
    const Tail* tail = FindTail(shape, cut.tail);
    if (tail == nullptr) continue;
    last_shape_ = shape;
    auto hit = Answer(*tail, cut);
    if (hit) {
      ++hits_;
      ++hits_of_round_;
    }
    return hit;
  }
  return std::nullopt;
}

void SkeletonCache::Judge() {
  if (hits_of_round_ < kHitsMin) {
    enabled_ = false;
    Clear();
  }
  tried_ = 0;
  hits_of_round_ = 0;
}

void SkeletonCache::Learn(std::string_view payload, const JsonRecord& record,
                          store::SeriesRef series, std::optional<double> factor) {
  if (!enabled_ || bytes_ >= bytes_max_ || !record.value_quoted || !record.time_quoted) return;
  if (record.type != store::ValueType::kDouble && record.type != store::ValueType::kBigint) return;
  if (!IsDigits(record.time_text) || !std::ranges::all_of(record.value_text, IsNumberByte)) return;
  if (payload.find('\\') != std::string_view::npos) return;

  // Without a backslash the parser's texts stand in the payload as they are; each hole must be
  // found exactly once between quotes, or its place is in doubt.
  struct Place {
    size_t at;
    size_t size;
    HoleKind kind;
  };
  std::array<Place, 3> places{};
  const std::array<std::string_view, 3> texts{record.measure, record.value_text, record.time_text};
  for (size_t i = 0; i < 3; ++i) {
    const std::string quoted = '"' + std::string(texts[i]) + '"';
    const size_t at = payload.find(quoted);
    if (at == std::string_view::npos || payload.find(quoted, at + 1) != std::string_view::npos)
      return;
    places[i] = {at + 1, texts[i].size(), static_cast<HoleKind>(i)};
  }
  std::ranges::sort(places, {}, &Place::at);

  Shape shape;
  size_t from = 0;
  for (size_t i = 0; i < 3; ++i) {
    shape.literals[i] = payload.substr(from, places[i].at - from);
    shape.order[i] = places[i].kind;
    from = places[i].at + places[i].size;
  }
  const std::string_view tail_bytes = payload.substr(from);

  auto same = std::ranges::find_if(shapes_, [&](const Shape& s) {
    return s.literals == shape.literals && s.order == shape.order;
  });
  if (same == shapes_.end()) {
    if (shapes_.size() == kShapesMax) return;
    shapes_.push_back(std::move(shape));
    same = shapes_.end() - 1;
  }
  const auto shape_number = static_cast<uint32_t>(same - shapes_.begin());

  auto measure = measures_.find(record.measure);
  if (measure == measures_.end()) {
    if (measure_names_.size() == kMeasuresMax) return;
    measure_names_.emplace_back(record.measure);
    factors_.emplace_back();
    const auto number = static_cast<uint32_t>(measure_names_.size() - 1);
    measure = measures_.emplace(measure_names_.back(), number).first;
  }

  const uint64_t hash = Hash64(tail_bytes) + shape_number;
  auto found = tail_of_hash_.find(hash);
  if (found == tail_of_hash_.end()) {
    tails_.push_back({shape_number, record.type, record.unit, std::string(tail_bytes), {}});
    bytes_ += tail_bytes.size() + sizeof(Tail) + 64;
    found = tail_of_hash_.emplace(hash, static_cast<uint32_t>(tails_.size() - 1)).first;
  }
  Tail& tail = tails_[found->second];
  // Two tails of one hash: the first keeps the slot, the second is always parsed in full.
  if (tail.shape != shape_number || tail.bytes != tail_bytes) return;
  if (tail.series.size() <= measure->second) {
    bytes_ += (measure->second + 1 - tail.series.size()) * sizeof(store::SeriesRef);
    tail.series.resize(measure->second + 1);
  }
  if (tail.series[measure->second] != series && tried_ > 0) --tried_;
  tail.series[measure->second] = series;
  if (factor) factors_[measure->second] = factor;
}

void SkeletonCache::Clear() {
  shapes_.clear();
  tails_.clear();
  measures_.clear();
  measure_names_.clear();
  factors_.clear();
  tail_of_hash_.clear();
  last_shape_ = 0;
  last_tail_ = 0;
  bytes_ = 0;
}

}  // namespace tidemark::pipeline
