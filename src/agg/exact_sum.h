// SPDX-License-Identifier: Apache-2.0
// The sum of a multiset of doubles without rounding, rounded once when asked: order, threads,
// vector kernels and merge trees change no bit, and Round() equals Python's math.fsum
// (docs/decisions/0003-exact-sums.md). Two doubles hold X = hi + lo while they suffice, 560 bytes
// on the heap otherwise; which of the two holds it is never visible in a result or in the bytes.
// Single-owner value; const calls may run together.
#pragma once

#include <cfloat>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "agg/sum_kernels_internal.h"
#include "base/bytes.h"
#include "base/result.h"

#ifdef __FAST_MATH__
#error "fast-math deletes the error terms of exact sums: compile without it"
#endif
static_assert(FLT_EVAL_METHOD == 0, "doubles must not be evaluated with extra precision (x87)");

namespace tidemark::agg {

class SuperAccumulator;

class ExactSum {
 public:
  ExactSum() = default;
  ExactSum(const ExactSum& other);
  ExactSum(ExactSum&&) noexcept = default;
  ExactSum& operator=(const ExactSum& other);
  ExactSum& operator=(ExactSum&&) noexcept = default;
  ~ExactSum() = default;

  /// Any double, NaN and infinities too.
  void Add(double value) {
    if (big_ == nullptr) [[likely]] {
      const auto [sum, error] = TwoSum(hi_, value);
      const auto [low, rest] = TwoSum(lo_, error);
      if (rest == 0) [[likely]] {  // also false for NaN, infinities and overflow
        hi_ = sum;
        lo_ = low;
        return;
      }
    }
    AddSlow(value);
  }
  /// Same as Add for each; about a quarter of its time a value from 16 values on.
  void AddMany(std::span<const double> values);
  /// Merging with itself is allowed.
  void Merge(const ExactSum& other);
  /// Back to the empty sum.
  void Reset() {
    hi_ = lo_ = 0;
    big_.reset();
  }

  /// X rounded once, ties to even. NaN seen or both infinities: the quiet NaN; one infinity: it.
  /// Zero is +0.0 also for inputs of -0.0 only.
  double Round() const;
  /// Round() / n; where Round() overflows though every input was finite, X / n rounded once. n > 0.
  double Mean(uint64_t n) const;

  /// X = first + second exactly, first = X rounded; zero is {0, 0}. Nothing: X needs more than two
  /// doubles, or NaN or an infinity was seen.
  std::optional<std::pair<double, double>> AsPair() const;

  /// Canonical bytes (docs/format/agg.md): a function of X and of the special values seen only.
  void AppendTo(ByteWriter& out) const;
  /// kCorruption: ran out, unknown tag, or not what AppendTo writes.
  static Result<ExactSum> Read(ByteReader& in);
  size_t heap_bytes() const;

 private:
  struct DeleteSuper {
    void operator()(SuperAccumulator* super) const noexcept;
  };

  void AddSlow(double value);
  /// Moves X into the superaccumulator, if it is not there yet.
  SuperAccumulator& Spill();
  SuperAccumulator ToSuper() const;
  void AppendFinite(ByteWriter& out) const;

  // Invariant: without big_ X = hi_ + lo_ exactly; with it hi_ = lo_ = 0 and X is in big_.
  double hi_ = 0;
  double lo_ = 0;
  std::unique_ptr<SuperAccumulator, DeleteSuper> big_;
};

/// Sums are exact only with IEEE doubles, round to nearest and subnormals on. Checks the calling
/// thread's settings and every kernel on known sums; kInternal names what is wrong. For start-up.
Result<void> CheckExactArithmetic();

}  // namespace tidemark::agg
