// SPDX-License-Identifier: Apache-2.0
// Repeats the full parser's answer for records that differ from an accepted one only in three
// holes: measure name, value, time (ingest.md section 4). Single-owner.
//
// Why an answer from here equals the full parser's:
//  1. A shape is the bytes before, between and up to behind the holes; all that follows the last
//  hole is
//     the tail. Find() compares every byte outside the holes with those of a record that the
//     validating parser accepted: same bytes, same tokens, so same fields, dimensions, type and
//     unit.
//  2. Hole contents are checked strictly: the measure equals the bytes of a learned name; value and
//  time
//     go through the same functions as in the full parser and hold only digits, sign, point and
//     exponent, so no quote, backslash, control or non-ASCII byte.
//  3. Only records without a backslash are learned, with three quoted holes, whose places are
//  confirmed by
//     the parser's own texts. Whatever is in doubt is a miss.
//  4. A hash only finds the candidate; a full compare decides.
//  5. What rules make of a record depends on the bytes outside value and time alone, which are
//  compared (1): the series that was learned is the one after them, or kFilteredSeries. Value
//  filter and scale are the same functions as after the full parser.
//
// The holes may come in any order. Pieces before the last hole are part of the shape; where
// dimensions stand there and vary, shapes do not repeat, the hit rate falls, and the cache switches
// itself off.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "base/time.h"
#include "pipeline/json_record.h"
#include "pipeline/record_rules.h"
#include "store/types.h"

namespace tidemark::pipeline {

/// In place of the series of records that a filter holds back.
inline constexpr store::SeriesRef kFilteredSeries{UINT64_MAX, UINT64_MAX};
/// Of records whose values did not pass so far: a series would be made for nothing.
inline constexpr store::SeriesRef kUnresolvedSeries{UINT64_MAX, UINT64_MAX - 1};

class SkeletonCache {
 public:
  /// `rules` outlive the cache; null: there are none.
  SkeletonCache(size_t bytes_max, const RecordRules* rules)
      : bytes_max_(bytes_max), rules_(rules) {}

  struct Hit {
    store::SeriesRef series;  // kFilteredSeries: it moves the clock only
    store::ValueView value;
    EventTime time;
  };

  /// None is a miss. Reads up to 64 bytes behind the payload.
  std::optional<Hit> Find(std::string_view payload);
  /// Teaches an accepted record, its series (or kFilteredSeries) and its factor.
  void Learn(std::string_view payload, const JsonRecord& record, store::SeriesRef series,
             std::optional<double> factor);
  /// Drops everything.
  void Clear();

  uint64_t hits() const { return hits_; }
  bool enabled() const { return enabled_; }

 private:
  struct Identity {
    using is_avalanching = void;
    size_t operator()(uint64_t hash) const { return hash; }
  };
  struct MeasureHash {
    using is_avalanching = void;
    size_t operator()(std::string_view name) const;
  };

  enum HoleKind : uint8_t { kMeasureHole, kValueHole, kTimeHole };

  struct Shape {
    std::array<std::string, 3> literals;  // before each hole, opening quote included
    std::array<HoleKind, 3> order{};
  };

  struct Tail {
    uint32_t shape = 0;
    store::ValueType type = store::ValueType::kDouble;
    TimeUnit unit = TimeUnit::kMilliseconds;
    std::string bytes;                     // from the closing quote of the last hole on
    std::vector<store::SeriesRef> series;  // by measure number; {0, 0} = not learned
  };

  struct Cut {
    std::array<std::string_view, 3> holes;  // by HoleKind
    std::string_view tail;
  };

  static bool CutRecord(const Shape& shape, std::string_view payload, Cut& cut);
  std::optional<Hit> Answer(const Tail& tail, const Cut& cut);
  const Tail* FindTail(uint32_t shape, std::string_view bytes);
  void Judge();

  bool ApplyRules(uint32_t measure, Hit& hit) const;

  const size_t bytes_max_;
  const RecordRules* const rules_;
  size_t bytes_ = 0;
  bool enabled_ = true;
  uint64_t hits_ = 0;
  uint64_t tried_ = 0;
  uint64_t hits_of_round_ = 0;

  std::vector<Shape> shapes_;
  uint32_t last_shape_ = 0;
  std::deque<Tail> tails_;
  uint32_t last_tail_ = 0;
  std::deque<std::string> measure_names_;       // by number; stable addresses for the map's keys
  std::vector<std::optional<double>> factors_;  // by number
  boost::unordered_flat_map<std::string_view, uint32_t, MeasureHash> measures_;
  boost::unordered_flat_map<uint64_t, uint32_t, Identity>
      tail_of_hash_;  // hash -> newest such tail
};

}  // namespace tidemark::pipeline
