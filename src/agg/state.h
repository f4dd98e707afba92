// SPDX-License-Identifier: Apache-2.0
// Every aggregate once: a mergeable, serialisable state whose result is the SQL dialect's. A state
// is a function of the multiset of its inputs only, so neither order, threads nor merge trees
// change a bit of the result (exact-sums.md). Adding an aggregate = a Kind, its state, its row in
// the test table. State is a value: single-owner while it changes, thread-compatible.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "agg/exact_sum.h"
#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"

namespace tidemark::agg {

template <int kOrder>
class Moments;
class Percentiles;
class DistinctSketch;

/// Values are wire bytes (State::AppendTo); never renumber.
enum class Kind : uint8_t {
  kCount = 1,  // of non-null inputs
  kSum = 2,    // DOUBLE: exact, rounded once; BIGINT: exact, kOutOfRange beyond int64
  kAvg = 3,    // DOUBLE always; BIGINT: the exact integer sum converted once and divided once
  kMin = 4,    // DOUBLE: -0.0 < 0.0, NaN above everything (as ORDER BY); VARCHAR: by bytes
  kMax = 5,    // same order: NaN if there was one
  kFirst = 6,  // value of the smallest time; equal times: smallest canonical series key
  kLast = 7,   // value of the largest time; equal times: smallest canonical series key
  // Kinds with more than one result: Finish() takes a Reading.
  kMoments = 8,      // DOUBLE, BIGINT as doubles: variance and standard deviation (moments.h)
  kPercentiles = 9,  // DOUBLE, BIGINT (percentiles.h)
  kDistinct = 10,    // number of different values, about (distinct_sketch.h); of 2^11 registers
};

/// "count", "sum", ...: the SQL names and those of the stack file, then "moments", "percentiles",
/// "distinct". Empty for an unknown kind.
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
  };
  Of of = Of::kOnly;
  double p = 0.5;

  friend bool operator==(const Reading&, const Reading&) = default;
};

/// Type of the input column; wire bytes, never renumber. The same numbers as store::ValueType.
enum class Type : uint8_t { kDouble = 1, kBigint = 2, kVarchar = 3, kBoolean = 4, kTimestamp = 5 };

struct Spec {
  Kind kind = Kind::kCount;
  Type input = Type::kDouble;

  friend bool operator==(const Spec&, const Spec&) = default;
};

/// Null, DOUBLE, BIGINT, VARCHAR, BOOLEAN or TIMESTAMP.
using Scalar = std::variant<std::monostate, double, int64_t, std::string, bool, EventTime>;

/// kInvalidArgument with both names: sum of VARCHAR and the like do not exist.
Result<void> CheckSpec(Spec spec);
/// Type of Finish(): count and distinct are BIGINT, avg and moments DOUBLE, the rest as the input.
Type ResultType(Spec spec);

/// One run of one series: times ascending, parallel to the values. `series_key` is the canonical
/// key (store::SeriesInfo::canonical_key), used only by first and last for equal times of several
/// series.
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
  explicit State(Spec spec);
  State(const State& other);
  State(State&&) noexcept;
  State& operator=(const State& other);
  State& operator=(State&&) noexcept;
  ~State();

  Spec spec() const { return spec_; }

  /// `values` has the length of run.times (for all kinds). Nulls are left out by the caller.
  /// The overload must fit spec().input (kTimestamp uses EventTime).
  /// Only first and last read run.times and run.series_key: for the rest the times may be empty.
  void Add(Run run, std::span<const double> values);
  void Add(Run run, std::span<const int64_t> values);
  void Add(Run run, std::span<const std::string_view> values);
  void Add(Run run, std::span<const bool> values);
  void Add(Run run, std::span<const EventTime> values);
  /// kCount only: n inputs whose values do not matter.
  void AddCount(uint64_t n);

  /// Whether AddSummary() gives what Add() of the summarised values gives.
  static bool CanSummarise(Spec spec, const Summary& summary);
  /// Adds a whole run by its summary; CanSummarise() holds.
  void AddSummary(const Summary& summary, std::string_view series_key);

  /// `other` has the same spec. Merging a state with itself is allowed.
  void Merge(const State& other);
  /// Back to "no input so far" with the same spec, for use as a scratch state. No allocation.
  void Reset();

  bool empty() const { return count_ == 0; }  // no input so far
  uint64_t count() const { return count_; }   // inputs so far
  /// Null when empty (count, distinct: 0), and for moments of a sample of one. kOutOfRange: BIGINT
  /// sum beyond int64.
  Result<Scalar> Finish(Reading reading = {}) const;

  /// Canonical bytes: a function of the inputs only, without the spec. Layout: docs/format/agg.md.
  void AppendTo(ByteWriter& out) const;
  /// kCorruption: ran out, or not what AppendTo writes for this spec. `spec` must pass CheckSpec.
  static Result<State> Read(Spec spec, ByteReader& in);
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
  using Payload = std::variant<std::monostate, ExactSum, IntegerSum, double, int64_t, std::string,
                               std::unique_ptr<Edge>, std::unique_ptr<Moments<2>>,
                               std::unique_ptr<Percentiles>, std::unique_ptr<DistinctSketch>>;

  static Payload EmptyPayload(Spec spec);
  static Payload CopyPayload(const Payload& payload);
  static Scalar FinishMoments(const Moments<2>& moments, Reading::Of of);
  static Result<Payload> ReadPayload(Spec spec, ByteReader& in);
  template <typename T>
  void AddRun(const Run& run, std::span<const T> values);
  // kMoments, kPercentiles, kDistinct.
  template <typename Boxed>
  Boxed* SketchOf();
  template <typename T>
  void AddToSketch(std::span<const T> values);
  template <typename T>
  void OfferExtreme(const T& value);
  void OfferEdge(EventTime time, std::string_view series_key, Scalar value);

  Spec spec_;
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
