// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>

#include "store/value_feeder_internal.h"

namespace tidemark::store {
namespace {

constexpr uint32_t kNoField = UINT32_MAX - 1;

agg::Summary SummaryOf(const ColumnStats& stats, int64_t min_time, int64_t max_time) {
  agg::Summary out;
  out.count = stats.count;
  out.special = stats.nan_seen;
  out.sum_usable = stats.sum_usable;
  out.min_bits = stats.min_bits;
  out.max_bits = stats.max_bits;
  out.first_bits = stats.first_bits;
  out.last_bits = stats.last_bits;
  out.first_time = {min_time};
  out.last_time = {max_time};
  out.sum_hi = stats.sum_hi;
  out.sum_lo = stats.sum_lo;
  out.sum_low = stats.sum_low;
  out.sum_high = stats.sum_high;
  return out;
}

/// Rows of any type: `rows` of them, the oldest and newest at these times.
void AddRows(std::span<agg::State> states, uint64_t rows, EventTime oldest, EventTime newest) {
  for (agg::State& state : states) {
    const agg::Kind kind = state.kind();
    if (kind == agg::Kind::kCount) {
      state.AddCount(rows);
    } else {
      state.Add({}, std::span<const EventTime>(kind == agg::Kind::kMin ? &oldest : &newest, 1));
    }
  }
}

}  // namespace

ValueFeeder::ValueFeeder(std::span<const AggregateColumn> aggregates,
                         const std::map<std::string, uint32_t>& field_ids,
                         const std::optional<ValueRange>& values)
    : aggregates_(aggregates.begin(), aggregates.end()),
      bounds_(values ? std::optional<ValueBounds>(*values) : std::nullopt) {
  for (size_t i = 0; i < aggregates_.size(); ++i) {
    const AggregateColumn& a = aggregates_[i];
    uint32_t field = kSingleField;
    if (!a.field.empty()) {
      const auto id = field_ids.find(a.field);
      field = id == field_ids.end() ? kNoField : id->second;
      if (field != kNoField && !a.any_type) fields_.push_back(field);
    }
    Group* last = groups_.empty() ? nullptr : &groups_.back();
    if (last != nullptr && last->any_type == a.any_type && last->field == field &&
        last->type == a.type) {
      ++last->count;
    } else {
      groups_.push_back({i, 1, a.type, field, a.any_type, nanoseconds(0)});
    }
    if (agg::WantsCarry(a.kind)) groups_.back().carry = std::max(groups_.back().carry, a.carry);
  }
  std::sort(fields_.begin(), fields_.end());
  fields_.erase(std::unique(fields_.begin(), fields_.end()), fields_.end());
  loaded_.resize(groups_.size());
  noted_.resize(groups_.size());
  before_.resize(groups_.size());
}

bool ValueFeeder::Fits(const Group& group, ValueType type) {
  if (group.any_type) return false;
  return group.field == kSingleField ? type == static_cast<ValueType>(group.type)
                                     : type == ValueType::kMulti && group.field != kNoField;
}

bool ValueFeeder::NeedsValues(ValueType type) const {
  return std::any_of(groups_.begin(), groups_.end(), [&](const Group& g) { return Fits(g, type); });
}

nanoseconds ValueFeeder::CarryOf(ValueType type) const {
  nanoseconds longest{0};
  for (const Group& g : groups_) {
    if (Fits(g, type)) longest = std::max(longest, g.carry);
  }
  return longest;
}

void ValueFeeder::StartSeries() {
  std::fill(noted_.begin(), noted_.end(), Before{});
  std::fill(before_.begin(), before_.end(), Before{});
}

void ValueFeeder::LookFurtherBack() {
  for (Before& b : noted_) b.settled = b.known;
}

void ValueFeeder::Note(size_t from, size_t to) {
  for (size_t g = 0; g < groups_.size(); ++g) {
    const RowColumns::Column* column = loaded_[g].column;
    if (groups_[g].carry.count() == 0 || column == nullptr || noted_[g].settled) continue;
    size_t at = to;
    while (at > from && !column->valid.empty() && column->valid[at - 1] == 0) --at;
    if (at > from) noted_[g] = {piece_->times[at - 1], column->bits[at - 1], true, false};
  }
}

bool ValueFeeder::AllKnown(ValueType type) const {
  for (size_t g = 0; g < groups_.size(); ++g) {
    if (groups_[g].carry.count() > 0 && Fits(groups_[g], type) && !noted_[g].known) return false;
  }
  return true;
}

void ValueFeeder::StartWindow() {
  before_ = noted_;
  for (Before& b : noted_) b.settled = false;
}

void ValueFeeder::AddCarry(EventTime start, std::string_view key, std::span<agg::State> states) {
  for (size_t g = 0; g < groups_.size(); ++g) {
    const Before& before = before_[g];
    if (!before.known || before.time >= start) continue;
    const auto age = static_cast<uint64_t>(start.ns) - static_cast<uint64_t>(before.time.ns);
    for (size_t i = groups_[g].first; i < groups_[g].first + groups_[g].count; ++i) {
      const AggregateColumn& a = aggregates_[i];
      if (!agg::WantsCarry(a.kind) || age > static_cast<uint64_t>(a.carry.count())) continue;
      if (a.type == agg::Type::kDouble) {
        states[i].AddCarry(before.time, key, std::bit_cast<double>(before.bits));
      } else {
        states[i].AddCarry(before.time, key, static_cast<int64_t>(before.bits));
      }
    }
  }
}

void ValueFeeder::Filter(RowPiece& piece) const {
  if (bounds_) bounds_->Filter(piece);
}

void ValueFeeder::Load(ValueType series_type, const RowPiece& piece) {
  piece_ = &piece;
  const bool multi = series_type == ValueType::kMulti;
  for (size_t g = 0; g < groups_.size(); ++g) {
    Loaded& loaded = loaded_[g];
    loaded.column = nullptr;
    if (groups_[g].any_type || (groups_[g].field == kSingleField) == multi) continue;
    for (size_t c = 0; c < piece.columns_used; ++c) {
      const RowColumns::Column& column = piece.columns[c];
      if (column.field != groups_[g].field ||
          column.type != static_cast<ValueType>(groups_[g].type)) {
        continue;
      }
      loaded.column = &column;
    }
    if (loaded.column == nullptr || groups_[g].type != agg::Type::kBoolean) continue;
    const size_t n = piece.size();
    if (loaded.booleans_capacity < n) {
      loaded.booleans = std::make_unique<bool[]>(n);
      loaded.booleans_capacity = n;
    }
    for (size_t i = 0; i < n; ++i) loaded.booleans[i] = loaded.column->bits[i] != 0;
  }
}

void ValueFeeder::AddValues(const Group& group, const Loaded& loaded, size_t from, size_t to,
                            std::string_view key, std::span<agg::State> states) {
  const size_t n = to - from;
  const agg::Run run{std::span(piece_->times.data() + from, n), key};
  const RowColumns::Column& column = *loaded.column;
  // Bits were written by a decoder elsewhere; the vectors are laid out alike.
  switch (group.type) {
    case agg::Type::kDouble:
      agg::AddToAll(states, run, {reinterpret_cast<const double*>(column.bits.data()) + from, n});
      return;
    case agg::Type::kBigint:
      agg::AddToAll(states, run, {reinterpret_cast<const int64_t*>(column.bits.data()) + from, n});
      return;
    case agg::Type::kTimestamp:
      agg::AddToAll(states, run,
                    {reinterpret_cast<const EventTime*>(column.bits.data()) + from, n});
      return;
    case agg::Type::kVarchar:
      agg::AddToAll(states, run, std::span<const std::string_view>(column.texts.data() + from, n));
      return;
    case agg::Type::kBoolean:
      agg::AddToAll(states, run, std::span<const bool>(loaded.booleans.get() + from, n));
      return;
  }
}

void ValueFeeder::Add(size_t from, size_t to, std::string_view key, std::span<agg::State> states) {
  for (size_t g = 0; g < groups_.size(); ++g) {
    const Group& group = groups_[g];
    const std::span<agg::State> own = states.subspan(group.first, group.count);
    if (group.any_type) {
      AddRows(own, to - from, piece_->times[from], piece_->times[to - 1]);
      continue;
    }
    const Loaded& loaded = loaded_[g];
    if (loaded.column == nullptr) continue;
    const std::vector<uint8_t>& valid = loaded.column->valid;
    if (valid.empty()) {
      AddValues(group, loaded, from, to, key, own);
      continue;
    }
    // Nulls do not contribute: runs between them do.
    for (size_t at = from; at < to;) {
      while (at < to && valid[at] == 0) ++at;
      size_t stop = at;
      while (stop < to && valid[stop] != 0) ++stop;
      if (stop > at) AddValues(group, loaded, at, stop, key, own);
      at = stop;
    }
  }
}

bool ValueFeeder::AllInside(ValueType series_type, const Chunk& chunk) const {
  return std::all_of(groups_.begin(), groups_.end(), [&](const Group& group) {
    if (!Fits(group, series_type)) return false;
    size_t c = 0;
    while (c < chunk.columns() && chunk.field(c) != group.field) ++c;
    if (c == chunk.columns() || chunk.type(c) != static_cast<ValueType>(group.type)) return false;
    const ColumnStats* stats = chunk.stats(c);
    return stats != nullptr && !chunk.has_nulls(c) &&
           bounds_->HasAll(static_cast<ValueType>(group.type), *stats);
  });
}

bool ValueFeeder::AddChunk(ValueType series_type, const Chunk& chunk, int64_t max_time,
                           std::string_view key, std::span<agg::State> states) {
  // Rows that hold none of the columns do not count then, and nobody knows how many there are.
  if (bounds_ && !AllInside(series_type, chunk)) return false;
  const bool multi = series_type == ValueType::kMulti;
  // Two passes, so that nothing is added by halves.
  for (const bool add : {false, true}) {
    for (const Group& group : groups_) {
      const std::span<agg::State> own = states.subspan(group.first, group.count);
      if (group.any_type) {
        if (add) AddRows(own, chunk.rows(), {chunk.min_time()}, {max_time});
        continue;
      }
      if ((group.field == kSingleField) == multi) continue;  // does not contribute
      size_t c = 0;
      while (c < chunk.columns() && chunk.field(c) != group.field) ++c;
      if (c == chunk.columns() || chunk.type(c) != static_cast<ValueType>(group.type)) continue;
      const ColumnStats* stats = chunk.stats(c);
      if (stats == nullptr) {
        // Counting needs no statistics unless there are nulls.
        const bool count_only = std::all_of(own.begin(), own.end(), [](const agg::State& s) {
          return s.kind() == agg::Kind::kCount;
        });
        if (!count_only || chunk.has_nulls(c)) return false;
        for (agg::State& state : own) {
          if (add) state.AddCount(chunk.rows());
        }
        continue;
      }
      if (stats->count == 0) continue;
      // With nulls the first and last value's times are not the chunk's.
      const agg::Summary summary = SummaryOf(*stats, chunk.min_time(), max_time);
      for (agg::State& state : own) {
        if (add) {
          state.AddSummary(summary, key);
          continue;
        }
        const agg::Kind kind = state.kind();
        const bool edge = kind == agg::Kind::kFirst || kind == agg::Kind::kLast;
        if ((edge && chunk.has_nulls(c)) || !agg::State::CanSummarise(state.spec(), summary))
          return false;
      }
    }
  }
  return true;
}

}  // namespace tidemark::store
