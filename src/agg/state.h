// SPDX-License-Identifier: Apache-2.0
// Every aggregate once: a mergeable, serialisable state whose result is the SQL dialect's. A state
// is a function of the multiset of its inputs only, so neither order, threads nor merge trees
// change a bit of the result (exact-sums.md). Adding an aggregate = a Kind, its state, its row in
// the test table. State is a value: single-owner while it changes, thread-compatible.
//
// Increase, delta and the time-weighted average look at what lies between the samples of a series
// (series_fold.h), so they ask more of how a multiset is cut:
//  - Add() gets the runs of one series one after the other, ascending; then those of the next. The
//    order of series does not matter.
//  - States of neighbouring pieces of one series merge into the state of both, in any tree: what
//    lies between the pieces counts. That takes place before the series meets another one: from
//    then on only the sum is known, and Merge() of states of several series adds up without looking
//    between them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "agg/exact_sum.h"
#include "agg/histogram.h"
#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"

namespace tidemark::agg {

template <int kOrder>
class Moments;
class Percentiles;
class DistinctSketch;
template <typename T>
class SeriesFold;

/// Values are wire bytes (State::AppendTo); never renumber.
enum class Kind : uint8_t {
  kCount = 1,  // of non-null inputs
  kSum = 2,    // DOUBLE: exact, rounded once; BIGINT: exact, kOutOfRange beyond int64
  kAvg = 3,    // DOUBLE always; BIGINT: the exact integer sum converted once and divided once
  kMin = 4,    // DOUBLE: -0.0 < 0.0, a NaN if there is nothing else; VARCHAR: by bytes
  kMax = 5,    // as min
  kFirst = 6,  // value of the smallest time; equal times: smallest canonical series key
  kLast = 7,   // value of the largest time; equal times: smallest canonical series key
  // Kinds with more than one result: Finish() takes a Reading.
  kMoments = 8,      // DOUBLE, BIGINT as doubles: variance and standard deviation (moments.h)
  kPercentiles = 9,  // DOUBLE, BIGINT (percentiles.h)
  kDistinct = 10,    // number of different values, about (distinct_sketch.h); of 2^11 registers
  // Of what lies between the samples of a series; of several series the sum (series_fold.h).
  kIncrease = 11,      // DOUBLE, BIGINT; exact: kOutOfRange beyond int64
  kDelta = 12,         // DOUBLE, BIGINT: last - first; exact, as the increase
  kTimeWeighted = 13,  // DOUBLE, BIGINT
  kHistogram = 14,     // DOUBLE, BIGINT; by Spec::bounds (histogram.h)
};

/// "count", "sum", ...: the SQL names and those of the stack file; "moments", "percentiles" and
/// "distinct" are neither. Empty for an unknown kind.
std::string_view KindName(Kind kind);
/// Only of kinds with one result, kLast at most.
std::optional<Kind> KindFromName(std::string_view name);

/// What a state is asked for.
struct Reading {
  enum class Of : uint8_t {
    kOnly,  // the result of kinds that have one; kMoments: kVarSamp; kPercentiles: p
    kVarSamp,
    kVarPop,
    kStddevSamp,
    kStddevPop,
    kRate,      // kIncrease: by the length of `window` in seconds
    kResets,    // kIncrease: how often the counter began again
    kCoverage,  // kTimeWeighted: covered part of `window`, 0..1
    kBucket,    // kHistogram: how many values are in `bucket` or below
  };
  Of of = Of::kOnly;
  double p = 0.5;
  size_t bucket = 0;
  /// What the inputs were taken from; kRate and kTimeWeighted need it.
  TimeRange window{{}, {}};

  friend bool operator==(const Reading&, const Reading&) = default;
};

/// Type of the input column; wire bytes, never renumber. The same numbers as store::ValueType.
enum class Type : uint8_t { kDouble = 1, kBigint = 2, kVarchar = 3, kBoolean = 4, kTimestamp = 5 };

struct Spec {
  Kind kind = Kind::kCount;
  Type input = Type::kDouble;
  Bounds bounds = nullptr;  // kHistogram only

  friend bool operator==(const Spec& a, const Spec& b) {
    const bool same = a.bounds == b.bounds ||
                      (a.bounds != nullptr && b.bounds != nullptr && *a.bounds == *b.bounds);
    return a.kind == b.kind && a.input == b.input && same;
  }
};

/// Null, DOUBLE, BIGINT, VARCHAR, BOOLEAN or TIMESTAMP.
using Scalar = std::variant<std::monostate, double, int64_t, std::string, bool, EventTime>;

/// kInvalidArgument with both names: sum of VARCHAR and the like do not exist, nor does a histogram
/// without bounds.
Result<void> CheckSpec(const Spec& spec);
/// Type of Finish(): count, distinct and buckets of a histogram are BIGINT, avg, moments and the
/// time-weighted average DOUBLE, the rest as the input. Rates and coverages are DOUBLE, resets
/// BIGINT.
Type ResultType(const Spec& spec);
/// Whether kind looks at the sample before the range: State::AddCarry().
constexpr bool WantsCarry(Kind kind) {
  return kind == Kind::kIncrease || kind == Kind::kTimeWeighted;
}
/// Whether a state looks between samples: Run::times and Run::series_key are read, and Merge() is
/// as said above.
constexpr bool FoldsSeries(Kind kind) {
  return kind >= Kind::kIncrease && kind <= Kind::kTimeWeighted;
}

/// One run of one series: times ascending, parallel to the values. `series_key` is the canonical
/// key (store::SeriesInfo::canonical_key): first and last use it for equal times of several series,
/// increase, delta and the time-weighted average to tell series apart.
struct Run {
  std::span<const EventTime> times;
  std::string_view series_key;
};

/// What is known of a run of DOUBLE, BIGINT or TIMESTAMP values of one series without looking at
/// them again (statistics of a stored chunk). `bits` are those of a double, or an int64.
struct Summary {
  uint64_t count = 0;    // of values; no nulls among them
  bool special = false;  // NaN or an infinity was seen: only count is usable
  bool sum_usable = false;
  uint64_t min_bits = 0;
  uint64_t max_bits = 0;
  uint64_t first_bits = 0;
  uint64_t last_bits = 0;
  EventTime first_time;
  EventTime last_time;
  double sum_hi = 0;  // DOUBLE: the exact sum is sum_hi + sum_lo
  double sum_lo = 0;
  uint64_t sum_low = 0;  // BIGINT: the exact sum, 128-bit two's complement
  int64_t sum_high = 0;
};

class State {
 public:
  /// CheckSpec(spec) must hold.
  explicit State(const Spec& spec);
  State(const State& other);
  State(State&&) noexcept;
  State& operator=(const State& other);
  State& operator=(State&&) noexcept;
  ~State();

  Spec spec() const;
  Kind kind() const { return kind_; }

  /// `values` has the length of run.times (for all kinds). Nulls are left out by the caller.
  /// The overload must fit spec().input (kTimestamp uses EventTime).
  /// Only first, last and those that FoldsSeries() read run.times and run.series_key: for the rest
  /// the times may be empty.
  void Add(Run run, std::span<const double> values);
  void Add(Run run, std::span<const int64_t> values);
  void Add(Run run, std::span<const std::string_view> values);
  void Add(Run run, std::span<const bool> values);
  void Add(Run run, std::span<const EventTime> values);
  /// kCount only: n inputs whose values do not matter.
  void AddCount(uint64_t n);
  /// The value that the series of the run just added had before it, if that is near enough: the
  /// increase from there to the run's first value counts, and the value is held from the window's
  /// start on. A series without an input has none. Kinds that want no carry ignore it.
  void AddCarry(EventTime time, std::string_view series_key, double value);
  void AddCarry(EventTime time, std::string_view series_key, int64_t value);

  /// Whether AddSummary() gives what Add() of the summarised values gives.
  static bool CanSummarise(const Spec& spec, const Summary& summary);
  /// Adds a whole run by its summary; CanSummarise() holds.
  void AddSummary(const Summary& summary, std::string_view series_key);

  /// `other` has the same spec. Merging a state with itself is allowed. Pieces of a series: above.
  void Merge(const State& other);
  /// Back to "no input so far" with the same spec, for use as a scratch state. No allocation.
  void Reset();

  bool empty() const { return count_ == 0; }  // no input so far
  uint64_t count() const { return count_; }   // inputs so far
  /// Null when empty (count, distinct, buckets, resets: 0), for moments of a sample of one, and for
  /// an average over no time. kOutOfRange: BIGINT sum, increase or delta beyond int64.
  /// kInvalidArgument: the reading lacks a window.
  Result<Scalar> Finish(const Reading& reading = {}) const;

  /// Canonical bytes: a function of the inputs only, without the spec. Layout: docs/format/agg.md.
  void AppendTo(ByteWriter& out) const;
  /// kCorruption: ran out, or not what AppendTo writes for this spec. `spec` must pass CheckSpec.
  static Result<State> Read(const Spec& spec, ByteReader& in);
  /// Bytes this state holds outside itself, for memory budgets.
  size_t heap_bytes() const;

 private:
  friend void AddToAll(std::span<State> states, Run run, std::span<const double> values);

  struct IntegerSum {  // a 128-bit two's complement integer, without its 16-byte alignment
    uint64_t low = 0;
    int64_t high = 0;
  };
  struct Edge {
    EventTime time;
    std::string series_key;
    Scalar value;
  };
  /// The alternative follows from the spec, except that pointers are null before an input.
  using Payload =
      std::variant<std::monostate, ExactSum, IntegerSum, double, int64_t, std::string,
                   std::unique_ptr<Edge>, std::unique_ptr<Moments<2>>, std::unique_ptr<Percentiles>,
                   std::unique_ptr<DistinctSketch>, std::unique_ptr<SeriesFold<double>>,
                   std::unique_ptr<SeriesFold<int64_t>>, std::unique_ptr<Histogram>>;

  static Payload EmptyPayload(const Spec& spec);
  static Payload CopyPayload(const Payload& payload);
  static Scalar FinishMoments(const Moments<2>& moments, Reading::Of of);
  static Result<Payload> ReadPayload(const Spec& spec, uint64_t count, ByteReader& in);
  template <typename T>
  void AddRun(const Run& run, std::span<const T> values);
  // kMoments, kPercentiles, kDistinct.
  template <typename Boxed>
  Boxed* SketchOf();
  template <typename T>
  void AddToSketch(std::span<const T> values);
  template <typename T>
  void AddToFold(const Run& run, std::span<const T> values);
  template <typename T>
  void MergeFold(const SeriesFold<T>& other);
  template <typename T>
  Result<Scalar> FinishFold(const SeriesFold<T>& fold, const Reading& reading) const;
  template <typename T>
  void OfferExtreme(const T& value);
  void OfferEdge(EventTime time, std::string_view series_key, Scalar value);

  Kind kind_;
  Type input_;
  uint64_t count_ = 0;
  Payload payload_;
};

/// Adds one run to each of `states` (all over this column's type); what they share is computed
/// once.
void AddToAll(std::span<State> states, Run run, std::span<const double> values);
void AddToAll(std::span<State> states, Run run, std::span<const int64_t> values);
void AddToAll(std::span<State> states, Run run, std::span<const std::string_view> values);
void AddToAll(std::span<State> states, Run run, std::span<const bool> values);
void AddToAll(std::span<State> states, Run run, std::span<const EventTime> values);

}  // namespace tidemark::agg
