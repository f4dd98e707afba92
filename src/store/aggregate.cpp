// SPDX-License-Identifier: Apache-2.0
// Aggregates over series in memory. Groups are worked off one after the other, so only one group's
// states are alive at a time; inside a group each series is cut into runs of one bin, and a run
// goes to a state whole. Callers that want several threads split Selection::series and merge
// states.
#include <algorithm>
#include <bit>
#include <unordered_map>

#include "store/embedded_state_internal.h"

namespace tidemark::store {
namespace {

// The values of one aggregate column over a piece: those rows that have one, with their times.
struct Column {
  std::string field;  // empty: the single measure value
  agg::Type type = agg::Type::kDouble;
  uint32_t field_id = UINT32_MAX;

  std::vector<double> doubles;
  std::vector<int64_t> integers;
  std::vector<EventTime> timestamps;
  std::unique_ptr<bool[]> booleans;
  size_t booleans_capacity = 0;
  std::vector<std::string_view> texts;
  // Multi-measure rows without the field are left out; then `rows` maps to the piece's rows.
  bool sparse = false;
  std::vector<uint32_t> rows;
  std::vector<EventTime> times;
};

class Extractor {
 public:
  Extractor(const std::vector<AggregateColumn>& aggregates,
            const std::map<std::string, uint32_t>& field_ids);

  /// Index of the column of aggregate `i`; none: it counts rows, or needs no values.
  size_t ColumnOf(size_t i) const { return column_of_[i]; }
  void Load(ValueType series_type, const RowPiece& piece);
  /// Adds rows [from, to) of the piece to `state`.
  void Add(size_t i, const RowPiece& piece, size_t from, size_t to, std::string_view key,
           agg::State& state);

 private:
  static bool Fits(const Column& column, ValueType series_type);
  void LoadSingle(Column& column, const RowPiece& piece);
  void LoadField(Column& column);
  template <typename T>
  static void AddSpan(agg::State& state, const agg::Run& run, const T* values, size_t n) {
    state.Add(run, std::span<const T>(values, n));
  }

  std::vector<AggregateColumn> aggregates_;
  std::vector<size_t> column_of_;
  std::vector<Column> columns_;
  std::vector<bool> loaded_;
  std::vector<std::vector<EncodedField>> rows_;  // decoded multi-measure rows of the piece
};

Extractor::Extractor(const std::vector<AggregateColumn>& aggregates,
                     const std::map<std::string, uint32_t>& field_ids)
    : aggregates_(aggregates) {
  for (const AggregateColumn& a : aggregates_) {
    const auto same = [&](const Column& c) { return c.type == a.type && c.field == a.field; };
    auto it = std::find_if(columns_.begin(), columns_.end(), same);
    if (it == columns_.end()) {
      Column column;
      column.field = a.field;
      column.type = a.type;
      if (const auto id = field_ids.find(a.field); id != field_ids.end())
        column.field_id = id->second;
      columns_.push_back(std::move(column));
      it = columns_.end() - 1;
    }
    column_of_.push_back(static_cast<size_t>(it - columns_.begin()));
  }
  loaded_.resize(columns_.size());
}

bool Extractor::Fits(const Column& column, ValueType series_type) {
  return column.field.empty() ? series_type == static_cast<ValueType>(column.type)
                              : series_type == ValueType::kMulti && column.field_id != UINT32_MAX;
}

void Extractor::Load(ValueType series_type, const RowPiece& piece) {
  const bool multi = series_type == ValueType::kMulti;
  if (multi) {
    rows_.resize(std::max(rows_.size(), piece.bits.size()));
    for (size_t i = 0; i < piece.bits.size(); ++i)
      DecodeFields(TextPool::TextOf(piece.bits[i]), rows_[i]);
  }
  for (size_t c = 0; c < columns_.size(); ++c) {
    loaded_[c] = Fits(columns_[c], series_type);
    if (!loaded_[c]) continue;
    if (multi) {
      columns_[c].rows.clear();
      columns_[c].times.clear();
      columns_[c].sparse = true;
      for (size_t i = 0; i < piece.times.size(); ++i) {
        const auto at =
            std::lower_bound(rows_[i].begin(), rows_[i].end(), columns_[c].field_id,
                             [](const EncodedField& f, uint32_t id) { return f.id < id; });
        if (at == rows_[i].end() || at->id != columns_[c].field_id ||
            at->value.type() != static_cast<ValueType>(columns_[c].type)) {
          continue;
        }
        columns_[c].rows.push_back(static_cast<uint32_t>(i));
        columns_[c].times.push_back(piece.times[i]);
      }
      LoadField(columns_[c]);
    } else {
      columns_[c].sparse = false;
      LoadSingle(columns_[c], piece);
    }
  }
}

void Extractor::LoadSingle(Column& column, const RowPiece& piece) {
  const size_t n = piece.bits.size();
  switch (column.type) {
    case agg::Type::kDouble:
      column.doubles.resize(n);
      std::memcpy(column.doubles.data(), piece.bits.data(), n * sizeof(double));
      return;
    case agg::Type::kBigint:
      column.integers.resize(n);
      std::memcpy(column.integers.data(), piece.bits.data(), n * sizeof(int64_t));
      return;
    case agg::Type::kBoolean:
      if (column.booleans_capacity < n) {
        column.booleans = std::make_unique<bool[]>(n);
        column.booleans_capacity = n;
      }
      for (size_t i = 0; i < n; ++i) column.booleans[i] = piece.bits[i] != 0;
      return;
    case agg::Type::kVarchar:
      column.texts.resize(n);
      for (size_t i = 0; i < n; ++i) column.texts[i] = TextPool::TextOf(piece.bits[i]);
      return;
    case agg::Type::kTimestamp:
      return;  // no single measure has it
  }
}

void Extractor::LoadField(Column& column) {
  const size_t n = column.rows.size();
  column.doubles.clear();
  column.integers.clear();
  column.texts.clear();
  column.timestamps.clear();
  if (column.type == agg::Type::kBoolean && column.booleans_capacity < n) {
    column.booleans = std::make_unique<bool[]>(n);
    column.booleans_capacity = n;
  }
  for (size_t k = 0; k < n; ++k) {
    const auto& row = rows_[column.rows[k]];
    const auto at = std::lower_bound(row.begin(), row.end(), column.field_id,
                                     [](const EncodedField& f, uint32_t id) { return f.id < id; });
    switch (column.type) {
      case agg::Type::kDouble:
        column.doubles.push_back(at->value.as_double());
        break;
      case agg::Type::kBigint:
        column.integers.push_back(at->value.as_bigint());
        break;
      case agg::Type::kVarchar:
        column.texts.push_back(at->value.as_varchar());
        break;
      case agg::Type::kBoolean:
        column.booleans[k] = at->value.as_boolean();
        break;
      case agg::Type::kTimestamp:
        column.timestamps.push_back(at->value.as_timestamp());
        break;
    }
  }
}

void Extractor::Add(size_t i, const RowPiece& piece, size_t from, size_t to, std::string_view key,
                    agg::State& state) {
  if (aggregates_[i].any_type) {
    state.AddCount(to - from);
    return;
  }
  const size_t c = column_of_[i];
  if (!loaded_[c]) return;
  const Column& column = columns_[c];
  const EventTime* times = piece.times.data();
  if (column.sparse) {
    from = static_cast<size_t>(std::lower_bound(column.rows.begin(), column.rows.end(), from) -
                               column.rows.begin());
    to = static_cast<size_t>(std::lower_bound(column.rows.begin(), column.rows.end(), to) -
                             column.rows.begin());
    times = column.times.data();
  }
  if (from == to) return;
  const size_t n = to - from;
  if (aggregates_[i].kind == agg::Kind::kCount) {
    state.AddCount(n);
    return;
  }
  const agg::Run run{std::span(times + from, n), key};
  switch (column.type) {
    case agg::Type::kDouble:
      AddSpan(state, run, column.doubles.data() + from, n);
      return;
    case agg::Type::kBigint:
      AddSpan(state, run, column.integers.data() + from, n);
      return;
    case agg::Type::kVarchar:
      AddSpan(state, run, column.texts.data() + from, n);
      return;
    case agg::Type::kBoolean:
      AddSpan(state, run, column.booleans.get() + from, n);
      return;
    case agg::Type::kTimestamp:
      AddSpan(state, run, column.timestamps.data() + from, n);
      return;
  }
}

// The bins of the group being worked off, dense while that is no waste.
class BinTable {
 public:
  explicit BinTable(const std::vector<AggregateColumn>& aggregates) : aggregates_(aggregates) {}

  AggregateRow& At(EventTime bin, nanoseconds width) {
    if (width.count() == 0) {
      if (dense_.empty()) dense_.emplace_back();
      return Made(dense_[0], bin);
    }
    if (dense_.empty() && sparse_.empty()) origin_ = bin;
    const int64_t index = (bin.ns - origin_.ns) / width.count();
    constexpr int64_t kDenseMax = 4096;
    if (index >= 0 && index < kDenseMax) {
      if (static_cast<size_t>(index) >= dense_.size())
        dense_.resize(static_cast<size_t>(index) + 1);
      return Made(dense_[static_cast<size_t>(index)], bin);
    }
    return Made(sparse_[bin.ns], bin);
  }

  template <typename Fn>
  void TakeAll(Fn fn) {
    for (AggregateRow& row : dense_) {
      if (row.points > 0) fn(std::move(row));
    }
    for (auto& [bin, row] : sparse_) {
      if (row.points > 0) fn(std::move(row));
    }
    dense_.clear();
    sparse_.clear();
  }

 private:
  AggregateRow& Made(AggregateRow& row, EventTime bin) {
    if (row.points == 0 && row.states.size() != aggregates_.size()) {
      row.bin = bin;
      row.states.reserve(aggregates_.size());
      for (const AggregateColumn& a : aggregates_)
        row.states.emplace_back(agg::Spec{a.kind, a.type});
    }
    return row;
  }

  const std::vector<AggregateColumn>& aggregates_;
  EventTime origin_;
  std::vector<AggregateRow> dense_;
  std::unordered_map<int64_t, AggregateRow> sparse_;
};

struct Group {
  std::vector<std::optional<std::string>> keys;
  std::vector<std::shared_ptr<const SeriesInfo>> series;
};

std::vector<Group> GroupSeries(const AggregateRequest& request,
                               std::vector<std::shared_ptr<const SeriesInfo>> series) {
  std::vector<Group> groups;
  std::unordered_map<std::string, size_t> index;
  std::string code;
  for (auto& info : series) {
    code.clear();
    std::vector<std::optional<std::string>> keys;
    for (const std::string& name : request.group_by) {
      const auto at =
          std::lower_bound(info->dimensions.begin(), info->dimensions.end(), name,
                           [](const Dimension& d, const std::string& n) { return d.name < n; });
      const bool has = at != info->dimensions.end() && at->name == name;
      keys.push_back(has ? std::optional(at->value) : std::nullopt);
      code += has ? std::to_string(at->value.size()) + ':' + at->value : "-";
    }
    if (request.group_by_measure) {
      keys.emplace_back(info->measure);
      code += info->measure;
    }
    const auto [it, made] = index.try_emplace(code, groups.size());
    if (made) groups.push_back({std::move(keys), {}});
    groups[it->second].series.push_back(std::move(info));
  }
  return groups;
}

class EmbeddedAggregateCursor final : public AggregateCursor {
 public:
  EmbeddedAggregateCursor(EmbeddedStore::State& state, AggregateRequest request,
                          Snapshots::Lease lease, EventTime floor,
                          std::vector<std::shared_ptr<const SeriesInfo>> series,
                          const std::map<std::string, uint32_t>& field_ids)
      : s_(state),
        request_(std::move(request)),
        lease_(std::move(lease)),
        floor_(floor),
        snapshot_(state.PositionsAt(lease_.lsn())),
        extractor_(request_.aggregates, field_ids),
        bins_(request_.aggregates),
        groups_(GroupSeries(request_, std::move(series))) {}

  Result<void> Next(size_t rows_max, std::vector<AggregateRow>& out) override {
    out.clear();
    while (out.size() < rows_max) {
      if (ready_at_ < ready_.size()) {
        out.push_back(std::move(ready_[ready_at_++]));
        continue;
      }
      ready_.clear();
      ready_at_ = 0;
      if (!request_.windows.empty()) {
        if (window_at_ >= request_.windows.size()) return {};
        WorkWindowGroup();
      } else {
        if (group_at_ >= groups_.size()) return {};
        WorkGroup(groups_[group_at_++]);
      }
    }
    return {};
  }
  const Positions& snapshot() const override { return snapshot_; }
  bool exact() const override { return true; }

 private:
  static constexpr size_t kPieceRowsMax = 4096;

  void WorkGroup(const Group& group);
  void WorkWindowGroup();
  void AddSeries(SeriesEntry& entry, const SeriesInfo& info, TimeRange range, Bins bins,
                 EventTime one_bin);
  void AddRun(AggregateRow& row, const SeriesInfo& info, size_t from, size_t to) {
    row.points += to - from;
    for (size_t i = 0; i < row.states.size(); ++i) {
      extractor_.Add(i, piece_, from, to, info.canonical_key, row.states[i]);
    }
  }

  EmbeddedStore::State& s_;
  const AggregateRequest request_;
  const Snapshots::Lease lease_;
  const EventTime floor_;
  const Positions snapshot_;
  Extractor extractor_;
  BinTable bins_;
  std::vector<Group> groups_;
  size_t group_at_ = 0;
  size_t window_at_ = 0;
  RowPiece piece_;
  std::vector<AggregateRow> ready_;
  size_t ready_at_ = 0;
};

void EmbeddedAggregateCursor::AddSeries(SeriesEntry& entry, const SeriesInfo& info, TimeRange range,
                                        Bins bins, EventTime one_bin) {
  range.start = std::max(range.start, floor_);
  PieceWants wants;
  wants.rows_max = kPieceRowsMax;
  do {
    s_.ReadPiece(entry, lease_.lsn(), range, wants, piece_);
    range.start = piece_.next;
    const size_t n = piece_.times.size();
    if (n == 0) continue;
    s_.metrics.points_scanned.Add(n);
    extractor_.Load(info.type, piece_);
    if (bins.width.count() == 0) {
      AddRun(bins_.At(one_bin, bins.width), info, 0, n);
      continue;
    }
    for (size_t from = 0; from < n;) {
      const EventTime bin = FloorTo(piece_.times[from], bins.width, bins.offset);
      // The first bin may reach beyond the range of int64 only for absurd widths: then all rows are
      // in it.
      const int64_t end =
          bin.ns > INT64_MAX - bins.width.count() ? INT64_MAX : bin.ns + bins.width.count();
      size_t to = from + 1;
      while (to < n && piece_.times[to].ns < end) ++to;
      AddRun(bins_.At(bin, bins.width), info, from, to);
      from = to;
    }
  } while (piece_.more);
}

void EmbeddedAggregateCursor::WorkGroup(const Group& group) {
  const Bins bins = request_.bins.value_or(Bins{});
  for (const auto& info : group.series) {
    AddSeries(*s_.directory.Get(info->ref), *info, request_.selection.time, bins,
              request_.selection.time.start);
  }
  bins_.TakeAll([&](AggregateRow row) {
    row.keys = group.keys;
    ready_.push_back(std::move(row));
  });
}

void EmbeddedAggregateCursor::WorkWindowGroup() {
  const uint32_t group = request_.windows[window_at_].group;
  const EventTime bin = request_.windows[window_at_].range.start;
  for (; window_at_ < request_.windows.size() && request_.windows[window_at_].group == group;
       ++window_at_) {
    const Window& w = request_.windows[window_at_];
    SeriesEntry* entry = s_.directory.Get(w.series);
    if (entry == nullptr) continue;
    std::shared_ptr<const SeriesInfo> info;
    {
      const MutexLock lock(s_.LaneOf(entry->id).mutex);
      if (entry->dropped) continue;
    }
    {
      const ReaderLock lock(s_.index_mutex);
      info = s_.index.Info(entry->id);
    }
    if (info == nullptr) continue;
    AddSeries(*entry, *info, w.range, {}, bin);
  }
  bins_.TakeAll([&](AggregateRow row) {
    row.group = group;
    ready_.push_back(std::move(row));
  });
}

}  // namespace

Result<std::unique_ptr<AggregateCursor>> EmbeddedStore::Aggregate(const AggregateRequest& request) {
  State& s = *state_;
  for (const AggregateColumn& a : request.aggregates) {
    TM_RETURN_IF_ERROR(agg::CheckSpec({a.kind, a.type}));
    if (a.any_type && a.kind != agg::Kind::kCount) {
      return Error{Code::kInvalidArgument, "only count takes rows of any type"};
    }
  }
  if (request.bins && request.bins->width.count() < 0) {
    return Error{Code::kInvalidArgument, "a bin's width must not be negative"};
  }
  TM_ASSIGN_OR_RETURN(const EventTime floor, s.RetentionFloor(request.selection.table));
  Snapshots::Lease lease = s.snapshots.Take(s.clock.Now());
  TM_RETURN_IF_ERROR(s.CheckReached(request.at_least, lease.lsn()));
  std::vector<std::shared_ptr<const SeriesInfo>> series;
  std::map<std::string, uint32_t> field_ids;
  {
    const ReaderLock lock(s.index_mutex);
    if (request.windows.empty()) {
      TM_ASSIGN_OR_RETURN(series, s.index.Select(request.selection, lease.lsn()));
    }
    if (const TableIndex* table = s.index.Find(request.selection.table)) {
      for (uint32_t id = 0; id < table->fields_by_id.size(); ++id)
        field_ids[table->fields_by_id[id].name] = id;
    }
  }
  return std::unique_ptr<AggregateCursor>(new EmbeddedAggregateCursor(
      s, request, std::move(lease), floor, std::move(series), field_ids));
}

}  // namespace tidemark::store
