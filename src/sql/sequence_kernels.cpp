// SPDX-License-Identifier: Apache-2.0
// sequence() of numbers, dates and time stamps (timestream-sql.md 5.10).
#include <fmt/format.h>

#include "sql/datetime.h"
#include "sql/nested_function.h"

namespace tidemark::sql {
namespace {

using Args = NestedFunction::Args;

/// The engine family's limit, which Timestream reports too.
constexpr int64_t kElementsMax = 10'000;

Error BadValue(std::string message) { return {Code::kInvalidArgument, std::move(message)}; }

Result<void> CheckStep(int64_t start, int64_t stop, int64_t step) {
  if (step == 0) return BadValue("step must not be zero");
  if ((step > 0 && stop < start) || (step < 0 && stop > start)) {
    return BadValue(
        "sequence stop value should be greater than or equal to start value if step is greater "
        "than zero otherwise stop value should be less than or equal to start value");
  }
  return {};
}

Error TooLong() {
  return BadValue(
      fmt::format("result of sequence function must not have more than {} entries", kElementsMax));
}

Result<void> AddSequence(int64_t start, int64_t stop, int64_t step, NestedOutput& out) {
  TM_RETURN_IF_ERROR(CheckStep(start, stop, step));
  const uint64_t distance = step > 0 ? static_cast<uint64_t>(stop) - static_cast<uint64_t>(start)
                                     : static_cast<uint64_t>(start) - static_cast<uint64_t>(stop);
  const uint64_t stride = step > 0 ? static_cast<uint64_t>(step) : 0 - static_cast<uint64_t>(step);
  const uint64_t steps = distance / stride;
  if (steps >= static_cast<uint64_t>(kElementsMax)) return TooLong();
  out.Begin();
  for (uint64_t i = 0; i <= steps; ++i) {
    out.Add(static_cast<int64_t>(static_cast<uint64_t>(start) + i * static_cast<uint64_t>(step)));
  }
  out.End();
  return {};
}

Result<void> Sequence(Args args, size_t row, NestedOutput& out) {
  return AddSequence(args[0].at<int64_t>(row), args[1].at<int64_t>(row), args[2].at<int64_t>(row),
                     out);
}

Result<void> SequenceByOne(Args args, size_t row, NestedOutput& out) {
  const auto start = args[0].at<int64_t>(row);
  const auto stop = args[1].at<int64_t>(row);
  return AddSequence(start, stop, stop >= start ? 1 : -1, out);
}

Result<void> SequenceOfDays(Args args, size_t row, NestedOutput& out) {
  constexpr int64_t kDay = 86'400'000'000'000;
  const auto step = args[2].at<int64_t>(row);
  if (step % kDay != 0) {
    return BadValue("sequence step must be a day interval if start and end values are dates");
  }
  return AddSequence(args[0].at<int64_t>(row), args[1].at<int64_t>(row), step / kDay, out);
}

/// Each is start plus so many months, so that the day of the month returns after a short one.
template <Result<int64_t> (*kAddMonths)(int64_t, int64_t)>
Result<void> SequenceByMonths(Args args, size_t row, NestedOutput& out) {
  const auto start = args[0].at<int64_t>(row);
  const auto stop = args[1].at<int64_t>(row);
  const auto months = args[2].at<int64_t>(row);
  TM_RETURN_IF_ERROR(CheckStep(start, stop, months));
  out.Begin();
  for (int64_t i = 0;; ++i) {
    int64_t offset = 0;
    if (__builtin_mul_overflow(i, months, &offset)) break;
    const Result<int64_t> next = kAddMonths(start, offset);
    if (!next.ok() || (months > 0 ? *next > stop : *next < stop)) break;
    if (i >= kElementsMax) return TooLong();
    out.Add(*next);
  }
  out.End();
  return {};
}

}  // namespace

std::vector<NestedFunction> SequenceFunctions() {
  using P = NestedFunction::Param;
  using R = NestedFunction::Result;
  return {
      {"array_sequence", {P::kBigint, P::kBigint, P::kBigint}, R::kPositions, Sequence},
      {"array_sequence_by_one", {P::kBigint, P::kBigint}, R::kPositions, SequenceByOne},
      {"array_sequence_days", {P::kBigint, P::kBigint, P::kBigint}, R::kPositions, SequenceOfDays},
      {"array_sequence_months",
       {P::kBigint, P::kBigint, P::kBigint},
       R::kPositions,
       SequenceByMonths<AddMonths>},
      {"array_sequence_days_by_months",
       {P::kBigint, P::kBigint, P::kBigint},
       R::kPositions,
       SequenceByMonths<AddMonthsToDate>},
  };
}

}  // namespace tidemark::sql
