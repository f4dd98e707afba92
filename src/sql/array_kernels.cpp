// SPDX-License-Identifier: Apache-2.0
// Arrays (timestream-sql.md 5.10): positions count from 1; the engine gathers the elements.
#include <algorithm>
#include <bit>
#include <numeric>
#include <random>
#include <unordered_map>

#include <fmt/format.h>

#include "sql/nested_function.h"

namespace tidemark::sql {
namespace {

using Args = NestedFunction::Args;

/// "sequence", "repeat": the engine family's limit, which Timestream reports too.
constexpr int64_t kElementsMax = 10'000;
constexpr int64_t kCombinationsMax = 100'000;

Error BadValue(std::string message) { return {Code::kInvalidArgument, std::move(message)}; }

/// The elements of one array.
struct Elements {
  Elements(const VectorView& list, size_t row)
      : view(list.child()), offset(list.entry(row).offset), size(list.entry(row).length) {}

  bool valid(size_t i) const { return view.valid(offset + i); }

  const VectorView& view;
  size_t offset;
  size_t size;
};

/// Finds elements that are identical: null is null, NaN is NaN.
class ElementSet {
 public:
  /// False: it was there.
  bool Insert(const Elements& elements, size_t i) {
    const uint64_t hash = HashOf(elements.view, elements.offset + i);
    if (Find(elements, i, hash)) return false;
    known_.emplace(hash, Known{&elements.view, elements.offset + i});
    return true;
  }
  bool Contains(const Elements& elements, size_t i) const {
    return Find(elements, i, HashOf(elements.view, elements.offset + i));
  }

 private:
  struct Known {
    const VectorView* view;
    size_t at;
  };

  bool Find(const Elements& elements, size_t i, uint64_t hash) const {
    const auto [first, last] = known_.equal_range(hash);
    return std::any_of(first, last, [&](const auto& entry) {
      return Identical(*entry.second.view, entry.second.at, elements.view, elements.offset + i);
    });
  }

  std::unordered_multimap<uint64_t, Known> known_;
};

int64_t Position(size_t i) { return static_cast<int64_t>(i) + 1; }

// -------------------------------------------------------------------------------------------
// elements

Result<void> Subscript(Args args, size_t row, NestedOutput& out) {
  const auto length = args[0].at<int64_t>(row);
  const auto index = args[1].at<int64_t>(row);
  if (index == 0) return BadValue("SQL array indices start at 1");
  if (index < 0) return BadValue(fmt::format("Array subscript is negative: {}", index));
  if (index > length) {
    return BadValue(fmt::format(
        "Array subscript must be less than or equal to array length: {} > {}", index, length));
  }
  out.Put(index);
  return {};
}

/// element_at: 0 where there is no such element.
Result<void> ElementIndex(Args args, size_t row, NestedOutput& out) {
  const auto length = args[0].at<int64_t>(row);
  const auto index = args[1].at<int64_t>(row);
  if (index == 0) return BadValue("SQL array indices start at 1");
  const int64_t forward = index > 0 ? index : length + 1 + index;
  if (index < -length || forward > length) {
    out.Null();
  } else {
    out.Put(forward);
  }
  return {};
}

template <int kSign>
Result<void> Extreme(Args args, size_t row, NestedOutput& out) {
  const Elements elements(args[0], row);
  size_t best = 0;
  bool nulls_inside = false;
  for (size_t i = 0; i < elements.size; ++i) {
    if (!elements.valid(i)) return out.Null(), Result<void>();
    const size_t at = elements.offset + i;
    if (i == 0 || IsNan(elements.view, at)) continue;  // NaN only if there is nothing else
    const size_t known = elements.offset + best;
    const bool better = IsNan(elements.view, known) ||
                        kSign * Order(elements.view, at, elements.view, known, nulls_inside) > 0;
    if (better) best = i;
  }
  if (nulls_inside) return BadValue("comparison of values that hold NULL is not supported");
  if (elements.size == 0) {
    out.Null();
  } else {
    out.Put(Position(best));
  }
  return {};
}

// The value that is looked for comes as a list of one: in a list all parts of it are in place.

Result<void> FindPosition(Args args, size_t row, NestedOutput& out) {
  const Elements elements(args[0], row);
  const Elements wanted(args[1], row);
  if (!wanted.valid(0)) return out.Null(), Result<void>();
  for (size_t i = 0; i < elements.size; ++i) {
    if (Equal(elements.view, elements.offset + i, wanted.view, wanted.offset) == Truth::kTrue) {
      return out.Put(Position(i)), Result<void>();
    }
  }
  out.Put(int64_t{0});
  return {};
}

Result<void> Contains(Args args, size_t row, NestedOutput& out) {
  const Elements elements(args[0], row);
  const Elements wanted(args[1], row);
  if (!wanted.valid(0)) return out.Null(), Result<void>();
  Truth found = Truth::kFalse;
  for (size_t i = 0; i < elements.size && found != Truth::kTrue; ++i) {
    const Truth equal = Equal(elements.view, elements.offset + i, wanted.view, wanted.offset);
    if (equal != Truth::kFalse) found = equal;
  }
  out.Put(found);
  return {};
}

// -----------------------------------------------------------------------------------------
// choices of elements

Result<void> Distinct(Args args, size_t row, NestedOutput& out) {
  const Elements elements(args[0], row);
  ElementSet seen;
  out.Begin();
  for (size_t i = 0; i < elements.size; ++i) {
    if (seen.Insert(elements, i)) out.Add(Position(i));
  }
  out.End();
  return {};
}

enum class Side : uint8_t { kIn, kOut };

/// Distinct elements of the first array that are, or are not, in the second.
template <Side kSide>
Result<void> Sift(Args args, size_t row, NestedOutput& out) {
  const Elements elements(args[0], row);
  const Elements others(args[1], row);
  ElementSet known;
  for (size_t i = 0; i < others.size; ++i) known.Insert(others, i);
  ElementSet seen;
  out.Begin();
  for (size_t i = 0; i < elements.size; ++i) {
    if (known.Contains(elements, i) == (kSide == Side::kIn) && seen.Insert(elements, i)) {
      out.Add(Position(i));
    }
  }
  out.End();
  return {};
}

Result<void> Remove(Args args, size_t row, NestedOutput& out) {
  const Elements elements(args[0], row);
  const Elements unwanted(args[1], row);
  if (!unwanted.valid(0)) return out.Null(), Result<void>();
  out.Begin();
  for (size_t i = 0; i < elements.size; ++i) {
    if (Equal(elements.view, elements.offset + i, unwanted.view, unwanted.offset) != Truth::kTrue) {
      out.Add(Position(i));
    }
  }
  out.End();
  return {};
}

Result<void> Overlap(Args args, size_t row, NestedOutput& out) {
  const Elements left(args[0], row);
  const Elements right(args[1], row);
  bool nulls = false;
  ElementSet known;
  for (size_t i = 0; i < left.size; ++i) {
    if (left.valid(i)) known.Insert(left, i);
    nulls |= !left.valid(i);
  }
  for (size_t i = 0; i < right.size; ++i) {
    if (right.valid(i) && known.Contains(right, i) && !IsNan(right.view, right.offset + i)) {
      return out.Put(true), Result<void>();
    }
    nulls |= !right.valid(i);
  }
  // Nothing overlaps what is empty, whatever the nulls of the other stand for.
  out.Put(nulls && left.size > 0 && right.size > 0 ? Truth::kNull : Truth::kFalse);
  return {};
}

/// Ascending, nulls last; equal elements keep their order.
Result<void> Sorted(Args args, size_t row, NestedOutput& out) {
  const Elements elements(args[0], row);
  bool nulls_inside = false;
  const auto before = [&](size_t i, size_t j) {
    if (!elements.valid(i) || !elements.valid(j)) {
      if (elements.valid(i) != elements.valid(j)) return elements.valid(i);
      return i < j;
    }
    const int order =
        Order(elements.view, elements.offset + i, elements.view, elements.offset + j, nulls_inside);
    return order != 0 ? order < 0 : i < j;
  };
  std::vector<size_t> order(elements.size);
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), before);
  if (nulls_inside) return BadValue("Array contains elements not supported for comparison");
  out.Begin();
  for (const size_t i : order) out.Add(Position(i));
  out.End();
  return {};
}

/// array_sort with a comparator: what it says of each pair, asked beforehand. Insertion with a
/// binary search: total and ends whatever the comparator says.
Result<void> SortedBy(Args args, size_t row, NestedOutput& out) {
  const Elements lines(args[0], row);
  std::vector<size_t> order;
  for (size_t i = 0; i < lines.size; ++i) {
    size_t low = 0;
    size_t high = order.size();
    while (low < high) {
      const size_t middle = (low + high) / 2;
      const auto line = lines.view.entry(lines.offset + i);
      const VectorView& cells = lines.view.child();
      const size_t at = line.offset + order[middle];
      const int64_t sign = cells.valid(at) ? cells.at<int64_t>(at) : 2;
      if (sign < -1 || sign > 1) {
        return BadValue("Lambda comparator must return either -1, 0, or 1");
      }
      (sign < 0 ? high : low) = sign < 0 ? middle : middle + 1;
    }
    order.insert(order.begin() + static_cast<std::ptrdiff_t>(low), i);
  }
  out.Begin();
  for (const size_t i : order) out.Add(Position(i));
  out.End();
  return {};
}

Result<void> Slice(Args args, size_t row, NestedOutput& out) {
  const auto size = args[0].at<int64_t>(row);
  const auto start = args[1].at<int64_t>(row);
  const auto length = args[2].at<int64_t>(row);
  if (length < 0) return BadValue("length must be greater than or equal to 0");
  if (start == 0) return BadValue("SQL array indices start at 1");
  out.Begin();
  const int64_t first = start > 0 ? start : start < -size ? size + 1 : size + start + 1;
  for (int64_t i = first; i <= size && i - first < length; ++i) out.Add(i);
  out.End();
  return {};
}

Result<void> Trim(Args args, size_t row, NestedOutput& out) {
  const auto size = args[0].at<int64_t>(row);
  const auto count = args[1].at<int64_t>(row);
  if (count < 0) return BadValue("size must not be negative");
  if (count > size) {
    return BadValue(fmt::format("size must not exceed array cardinality {}: {}", size, count));
  }
  out.Begin();
  for (int64_t i = 1; i <= size - count; ++i) out.Add(i);
  out.End();
  return {};
}

/// The second argument is a number in [0, 1) that no other row has.
Result<void> Shuffle(Args args, size_t row, NestedOutput& out) {
  std::mt19937_64 random(std::bit_cast<uint64_t>(args[1].at<double>(row)));
  std::vector<int64_t> order(static_cast<size_t>(args[0].at<int64_t>(row)));
  std::iota(order.begin(), order.end(), int64_t{1});
  std::shuffle(order.begin(), order.end(), random);
  out.Begin();
  for (const int64_t i : order) out.Add(i);
  out.End();
  return {};
}

/// repeat: as often the one element.
Result<void> Repeat(Args args, size_t row, NestedOutput& out) {
  const auto count = args[0].at<int64_t>(row);
  if (count < 0) {
    return BadValue("count argument of repeat function must be greater than or equal to 0");
  }
  if (count > kElementsMax) {
    return BadValue(fmt::format(
        "count argument of repeat function must be less than or equal to {}", kElementsMax));
  }
  out.Begin();
  for (int64_t i = 0; i < count; ++i) out.Add(1);
  out.End();
  return {};
}

Result<void> Combinations(Args args, size_t row, NestedOutput& out) {
  const auto size = args[0].at<int64_t>(row);
  const auto count = args[1].at<int64_t>(row);
  if (count < 0) return BadValue("combination size must not be negative");
  if (count > 5) return BadValue("combination size must not exceed 5");
  out.Begin();
  std::vector<int64_t> chosen(static_cast<size_t>(count));
  std::iota(chosen.begin(), chosen.end(), int64_t{1});
  int64_t made = 0;
  while (count <= size) {
    if (++made > kCombinationsMax) {
      return BadValue(fmt::format("combinations exceed max size: {}", kCombinationsMax));
    }
    out.BeginInner();
    for (const int64_t i : chosen) out.Add(i);
    out.EndInner();
    size_t last = chosen.size();
    while (last > 0 && chosen[last - 1] == size - count + static_cast<int64_t>(last)) --last;
    if (last == 0) break;
    int64_t next = ++chosen[last - 1];
    for (size_t i = last; i < chosen.size(); ++i) chosen[i] = ++next;
  }
  out.End();
  return {};
}

Result<void> Ngrams(Args args, size_t row, NestedOutput& out) {
  const auto size = args[0].at<int64_t>(row);
  const auto count = args[1].at<int64_t>(row);
  if (count <= 0) return BadValue("N must be positive");
  const int64_t width = std::min(count, size);
  if (width * (size - width + 1) > kCombinationsMax * 10) {
    return BadValue("ngrams exceed the largest result");
  }
  out.Begin();
  for (int64_t first = 1; first + width - 1 <= size; ++first) {
    out.BeginInner();
    for (int64_t i = 0; i < width; ++i) out.Add(first + i);
    out.EndInner();
    if (width == 0) break;
  }
  out.End();
  return {};
}

// ---------------------------------------------------------------------------------------------
// text and truth

Result<void> Join(Args args, size_t row, NestedOutput& out) {
  if (!args[0].valid(row) || !args[1].valid(row)) return out.Null(), Result<void>();
  const Elements elements(args[0], row);
  const bool replaces = args.size() > 2;
  if (replaces && !args[2].valid(row)) return out.Null(), Result<void>();
  std::string text;
  bool first = true;
  for (size_t i = 0; i < elements.size; ++i) {
    if (!elements.valid(i) && !replaces) continue;
    if (!first) text += args[1].text(row);
    first = false;
    text += elements.valid(i) ? elements.view.text(elements.offset + i) : args[2].text(row);
  }
  out.Put(std::string_view(text));
  return {};
}

enum class Quantifier : uint8_t { kAny, kAll, kNone };

template <Quantifier kQuantifier>
Result<void> Match(Args args, size_t row, NestedOutput& out) {
  const Elements truths(args[0], row);
  constexpr bool kDecides = kQuantifier != Quantifier::kAll;  // the value that settles it
  bool nulls = false;
  bool settled = false;
  for (size_t i = 0; i < truths.size; ++i) {
    if (!truths.valid(i)) {
      nulls = true;
    } else if (truths.view.at<bool>(truths.offset + i) == kDecides) {
      settled = true;
    }
  }
  constexpr bool kWhenSettled = kQuantifier == Quantifier::kAny;
  if (settled) {
    out.Put(kWhenSettled);
  } else if (nulls) {
    out.Null();
  } else {
    out.Put(!kWhenSettled);
  }
  return {};
}

Result<void> EqualLists(Args args, size_t row, NestedOutput& out) {
  out.Put(Equal(args[0], row, args[1], row));
  return {};
}

enum class Bound : uint8_t { kStrict, kLoose };

/// Arguments are lists of one value each: a null of it gives null, one inside it is an error.
template <Bound kBound>
Result<void> Less(Args args, size_t row, NestedOutput& out) {
  const Elements left(args[0], row);
  const Elements right(args[1], row);
  if (!left.valid(0) || !right.valid(0)) return out.Null(), Result<void>();
  bool nulls_inside = false;
  const int order = Order(left.view, left.offset, right.view, right.offset, nulls_inside);
  if (nulls_inside) return BadValue("comparison of values that hold NULL is not supported");
  out.Put(kBound == Bound::kStrict ? order < 0 : order <= 0);
  return {};
}

}  // namespace

std::vector<NestedFunction> ArrayFunctions() {
  using P = NestedFunction::Param;
  using R = NestedFunction::Result;
  constexpr auto kArguments = NestedFunction::Nulls::kAreArguments;
  return {
      {"array_subscript", {P::kBigint, P::kBigint}, R::kBigint, Subscript},
      {"array_element_index", {P::kBigint, P::kBigint}, R::kBigint, ElementIndex},
      {"array_max_position", {P::kAny}, R::kBigint, Extreme<1>},
      {"array_min_position", {P::kAny}, R::kBigint, Extreme<-1>},
      {"array_position", {P::kAny, P::kAny}, R::kBigint, FindPosition},
      {"array_contains", {P::kAny, P::kAny}, R::kBoolean, Contains},
      {"array_distinct", {P::kAny}, R::kPositions, Distinct},
      {"array_common", {P::kAny, P::kAny}, R::kPositions, Sift<Side::kIn>},
      {"array_except", {P::kAny, P::kAny}, R::kPositions, Sift<Side::kOut>},
      {"array_remove", {P::kAny, P::kAny}, R::kPositions, Remove},
      {"array_overlap", {P::kAny, P::kAny}, R::kBoolean, Overlap},
      {"array_sorted", {P::kAny}, R::kPositions, Sorted},
      {"array_sorted_by", {P::kMatrix}, R::kPositions, SortedBy},
      {"array_slice", {P::kBigint, P::kBigint, P::kBigint}, R::kPositions, Slice},
      {"array_trim", {P::kBigint, P::kBigint}, R::kPositions, Trim},
      {"array_shuffle", {P::kBigint, P::kDouble}, R::kPositions, Shuffle},
      {"array_repeat", {P::kBigint}, R::kPositions, Repeat},
      {"array_combinations", {P::kBigint, P::kBigint}, R::kPositionLists, Combinations},
      {"array_ngrams", {P::kBigint, P::kBigint}, R::kPositionLists, Ngrams},
      {"array_join", {P::kTexts, P::kText}, R::kText, Join, kArguments},
      {"array_join_all", {P::kTexts, P::kText, P::kText}, R::kText, Join, kArguments},
      {"array_any_match", {P::kBooleans}, R::kBoolean, Match<Quantifier::kAny>},
      {"array_all_match", {P::kBooleans}, R::kBoolean, Match<Quantifier::kAll>},
      {"array_none_match", {P::kBooleans}, R::kBoolean, Match<Quantifier::kNone>},
      {"array_equal", {P::kAny, P::kAny}, R::kBoolean, EqualLists},
      {"array_less", {P::kAny, P::kAny}, R::kBoolean, Less<Bound::kStrict>},
      {"array_less_equal", {P::kAny, P::kAny}, R::kBoolean, Less<Bound::kLoose>},
  };
}

}  // namespace tidemark::sql
