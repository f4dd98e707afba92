// SPDX-License-Identifier: Apache-2.0
// Aggregates of what happens between the samples of a series (event-time.md 8.2, 8.3): the increase
// of a counter, the difference of last and first, the time-weighted average. Over several series
// they are the sum of what each has alone (of an average: of the integrals, over the sum of the
// times covered).
//
// 1. While a fold holds one series it knows its first and last sample, so a neighbouring piece of
//    the series goes on where it ends. With a second series the first is closed: its part goes into
//    the totals, and it cannot be continued.
// 2. All sums are exact (wide_sum_internal.h), rounded once at the end; those of a time-weighted
//    average are linear in the window's start and end, which only the reading brings.
// 3. So a fold is a function of its samples and carries: in whatever order series come, and however
//    a series is cut into pieces that are joined with their neighbours before they meet another.
// 4. NaN or an infinity among the samples makes every result NaN.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "agg/wide_sum_internal.h"
#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"

namespace tidemark::agg {

/// Single-owner value. T is double or int64_t.
template <typename T>
class SeriesFold {
 public:
  enum class Of : uint8_t {
    kIncrease,  // sum over neighbours of b - a, or b where b < a: the counter began again at 0
    kDelta,     // last - first
    kIntegral,  // each value holds until the next sample, the last one to the end of the window
  };
  struct Sample {
    EventTime time;
    T value = 0;
  };

  explicit SeriesFold(Of of) : of_(of) {}

  /// A run of `series`: its first, or the one that follows the last run of the same series, times
  /// ascending. Not empty.
  void Add(std::string_view series, std::span<const EventTime> times, std::span<const T> values);
  /// The sample of `series` before the first one of the run just added. Not used if there is one
  /// already, and by kDelta.
  void AddCarry(std::string_view series, Sample carry);
  /// Neighbouring pieces of one series become one piece, whichever is the later; everything else is
  /// added up. Merging with itself counts the samples as those of another series.
  void Merge(const SeriesFold& other);

  /// kIncrease, kDelta: rounded once.
  double Round() const;
  /// The same where it is an integer within int64 (T is int64_t).
  std::optional<int64_t> Integer() const;
  /// kIncrease: how often a counter fell, the carry included.
  uint64_t Resets() const;
  /// kIntegral: over `window`, which holds all samples and no carry. Null: no time is covered.
  std::optional<double> Average(TimeRange window) const;
  /// kIntegral: covered time / (series * length of the window).
  std::optional<double> Coverage(TimeRange window) const;

  size_t heap_bytes() const;
  /// Canonical bytes (docs/format/agg.md).
  void AppendTo(ByteWriter& out) const;
  /// kCorruption: ran out, or not what AppendTo writes.
  static Result<SeriesFold> Read(Of of, ByteReader& in);

 private:
  struct Totals {
    WideSum sum;      // kIntegral: its part that does not depend on the window
    WideSum lasts;    // kIntegral: of last values, which weigh the window's end
    WideSum carries;  // of carried values, which weigh its start
    WideSum firsts;   // of first times of series without a carry: they are covered from there
    uint64_t series = 0;
    uint64_t carried = 0;
    uint64_t resets = 0;
  };

  bool Single() const { return open_ && totals_.series == 0; }
  bool Nothing() const { return !open_ && totals_.series == 0 && !special_; }
  bool Precedes(const SeriesFold& later) const;
  void Begin(std::string_view series, Sample first);
  void Bridge(Sample from, Sample to);
  void FoldInside(std::span<const EventTime> times, std::span<const T> values);
  void Integrate(std::span<const EventTime> times, std::span<const T> values);
  void Join(const SeriesFold& later);
  /// Moves the open series into the totals.
  void Close();
  void MakeSpecial();
  SeriesFold Closed() const;
  BigNumber Covered(TimeRange window) const;
  static bool ReadSample(ByteReader& in, Sample& out);
  static void AppendSample(ByteWriter& out, Sample sample);
  Result<void> ReadOpen(ByteReader& in);
  Result<void> ReadTotals(ByteReader& in);

  Of of_;
  bool special_ = false;
  bool open_ = false;
  bool has_carry_ = false;
  // Of the open series.
  std::string series_;
  Sample first_;
  Sample last_;
  Sample carry_;
  WideSum inner_;  // kIncrease: values before a fall; kIntegral: between its samples
  uint64_t resets_ = 0;
  Totals totals_;  // of closed ones
};

extern template class SeriesFold<double>;
extern template class SeriesFold<int64_t>;

}  // namespace tidemark::agg
