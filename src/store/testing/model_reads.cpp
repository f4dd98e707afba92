// SPDX-License-Identifier: Apache-2.0
// Reads of the model: everything by brute force.
#include <algorithm>
#include <atomic>

#include "store/reject_text.h"
#include "store/slice_buffer_internal.h"
#include "store/testing/model_state_internal.h"
#include "store/value_range_internal.h"

namespace tidemark::store {
namespace {

ValueView ViewOf(const Scalar& scalar) {
  if (const double* d = std::get_if<double>(&scalar)) return ValueView::Double(*d);
  if (const int64_t* i = std::get_if<int64_t>(&scalar)) return ValueView::Bigint(*i);
  if (const std::string* t = std::get_if<std::string>(&scalar)) return ValueView::Varchar(*t);
  if (const bool* b = std::get_if<bool>(&scalar)) return ValueView::Boolean(*b);
  if (const EventTime* t = std::get_if<EventTime>(&scalar)) return ValueView::Timestamp(*t);
  return {};
}

struct CopiedSeries {
  std::shared_ptr<const SeriesInfo> info;
  std::vector<FieldDef> fields;  // in the table's order
  std::vector<std::pair<EventTime, ModelRow>> rows;
};

// Slices are short on purpose: callers must not count on long ones.
constexpr size_t kSliceRowsMax = 100;

class ModelScanCursor final : public ScanCursor {
 public:
  ModelScanCursor(std::vector<CopiedSeries> series, ScanRequest request, Positions snapshot,
                  std::vector<DamagedRange> gaps)
      : series_(std::move(series)),
        request_(std::move(request)),
        snapshot_(std::move(snapshot)),
        gaps_(std::move(gaps)) {
    for (size_t s = 0; s < series_.size(); ++s) {
      for (size_t at = 0; at < series_[s].rows.size(); at += kSliceRowsMax)
        pieces_.push_back({s, at});
      points_ += series_[s].rows.size();
    }
  }

  Result<bool> Next(SliceBuffer& buffer, Slice& out) override {
    const size_t piece = next_.fetch_add(1);
    if (piece >= pieces_.size()) return false;
    const auto [s, from] = pieces_[piece];
    const CopiedSeries& series = series_[s];
    const size_t to = std::min(from + kSliceRowsMax, series.rows.size());
    SliceBuffer::Impl& b = buffer.impl();
    b.Clear();
    const bool owned = !series.info->owner.none();
    for (size_t i = from; i < to; ++i) {
      b.times.push_back(series.rows[i].first);
      if (request_.versions_wanted) b.versions.push_back(series.rows[i].second.version);
      if (request_.rows_wanted && owned) b.rows.push_back(series.rows[i].second.row);
    }
    FillColumns(series, from, to, b);
    out = {series.info, b.times, b.views, b.versions, b.rows};
    return true;
  }
  const Positions& snapshot() const override { return snapshot_; }
  bool exact() const override { return true; }
  uint64_t series_count() const override { return series_.size(); }
  uint64_t points_estimate() const override { return points_; }
  std::vector<DamagedRange> gaps() const override { return gaps_; }

 private:
  void FillColumns(const CopiedSeries& series, size_t from, size_t to, SliceBuffer::Impl& b) const {
    if (series.info->type != ValueType::kMulti) {
      ColumnBuffer& column = b.AddColumn("", series.info->type);
      for (size_t i = from; i < to; ++i) column.Push(ViewOf(series.rows[i].second.value.scalar), 1);
      b.views.push_back(column.View(false));
      return;
    }
    for (const FieldDef& field : series.fields) {
      if (!request_.fields.empty() && std::find(request_.fields.begin(), request_.fields.end(),
                                                field.name) == request_.fields.end()) {
        continue;
      }
      ColumnBuffer& column = b.AddColumn(field.name, field.type);
      for (size_t i = from; i < to; ++i) {
        const auto& fields = series.rows[i].second.value.fields;
        const auto it = fields.find(field.name);
        column.Push(it == fields.end() ? ValueView() : ViewOf(it->second.second),
                    it == fields.end() ? 0 : 1);
      }
    }
    for (size_t c = 0; c < b.columns_used; ++c) b.views.push_back(b.columns[c].View(true));
  }

  const std::vector<CopiedSeries> series_;
  const ScanRequest request_;
  const Positions snapshot_;
  const std::vector<DamagedRange> gaps_;
  std::vector<std::pair<size_t, size_t>> pieces_;
  uint64_t points_ = 0;
  std::atomic<size_t> next_{0};
};

std::vector<CopiedSeries> CopySelected(const ModelStore::State& s, const Selection& selection,
                                       bool last_only) {
  std::vector<CopiedSeries> out;
  for (const ModelSeries* series : s.Select(selection)) {
    CopiedSeries copy;
    copy.info = series->info;
    for (const FieldDef& column : s.tables.at(series->info->table).columns) {
      if (series->fields.contains(column.name)) copy.fields.push_back(column);
    }
    const auto rows = s.Rows(*series, selection.time);
    for (size_t i = last_only && !rows.empty() ? rows.size() - 1 : 0; i < rows.size(); ++i) {
      copy.rows.emplace_back(rows[i].first, *rows[i].second);
    }
    out.push_back(std::move(copy));
  }
  return out;
}

void AddScalar(agg::State& state, const agg::Run& run, const Scalar& value) {
  if (const double* d = std::get_if<double>(&value)) state.Add(run, std::span(d, 1));
  if (const int64_t* i = std::get_if<int64_t>(&value)) state.Add(run, std::span(i, 1));
  if (const bool* b = std::get_if<bool>(&value)) state.Add(run, std::span(b, 1));
  if (const EventTime* t = std::get_if<EventTime>(&value)) state.Add(run, std::span(t, 1));
  if (const std::string* t = std::get_if<std::string>(&value)) {
    const std::string_view text = *t;
    state.Add(run, std::span(&text, 1));
  }
}

using GroupKey = std::tuple<uint32_t, std::vector<std::optional<std::string>>, EventTime>;

class ModelAggregates {
 public:
  explicit ModelAggregates(const AggregateRequest& request) : request_(request) {}

  /// Whether the request's value range lets a value of the row count, if it has one.
  bool Counts(const ModelRow& row) const {
    return !request_.values ||
           std::ranges::any_of(request_.aggregates, [&](const AggregateColumn& a) {
             const Scalar* value = ValueOf(row, a);
             return value != nullptr && Inside(*value);
           });
  }

  void Add(GroupKey key, const SeriesInfo& info, EventTime time, const ModelRow& row) {
    AggregateRow& out = groups_[key];
    if (out.states.empty()) {
      std::tie(out.group, out.keys, out.bin) = key;
      for (const AggregateColumn& a : request_.aggregates) out.states.emplace_back(a.spec());
    }
    ++out.points;
    const agg::Run run{std::span(&time, 1), info.canonical_key};
    for (size_t i = 0; i < request_.aggregates.size(); ++i) {
      const AggregateColumn& a = request_.aggregates[i];
      if (a.any_type) {
        if (a.kind == agg::Kind::kCount) {
          out.states[i].AddCount(1);
        } else {
          out.states[i].Add({}, std::span(&time, 1));  // of the rows' times
        }
        continue;
      }
      const Scalar* value = ValueOf(row, a);
      if (value != nullptr && Inside(*value)) AddScalar(out.states[i], run, *value);
    }
  }

  /// The values that the series had before `start`, once its rows of the group were added; `rows`
  /// are those before.
  void AddCarry(const GroupKey& key, const SeriesInfo& info, EventTime start,
                std::span<const std::pair<EventTime, const ModelRow*>> rows) {
    AggregateRow& out = groups_[key];
    for (size_t i = 0; i < request_.aggregates.size(); ++i) {
      const AggregateColumn& a = request_.aggregates[i];
      std::pair<EventTime, const Scalar*> carry;
      for (const auto& [time, row] : rows) {  // ascending: the last one stays
        if (a.carry.count() == 0 || time < start - a.carry) continue;
        const Scalar* value = ValueOf(*row, a);
        if (value == nullptr || !Inside(*value)) continue;
        carry = {time, value};
      }
      if (carry.second == nullptr) continue;
      if (const auto* d = std::get_if<double>(carry.second))
        out.states[i].AddCarry(carry.first, info.canonical_key, *d);
      if (const auto* n = std::get_if<int64_t>(carry.second))
        out.states[i].AddCarry(carry.first, info.canonical_key, *n);
    }
  }

  std::vector<AggregateRow> Take() {
    std::vector<AggregateRow> out;
    for (auto& [key, row] : groups_) out.push_back(std::move(row));
    return out;
  }

 private:
  static const Scalar* ValueOf(const ModelRow& row, const AggregateColumn& a) {
    const auto wanted = static_cast<ValueType>(a.type);
    if (a.field.empty()) return row.value.type == wanted ? &row.value.scalar : nullptr;
    const auto it = row.value.fields.find(a.field);
    const bool has = it != row.value.fields.end() && it->second.first == wanted;
    return has ? &it->second.second : nullptr;
  }

  bool Inside(const Scalar& value) const {
    if (!request_.values) return true;
    const auto [min, max] = *request_.values;
    if (const auto* d = std::get_if<double>(&value)) return min <= *d && *d <= max;
    // long double holds every int64.
    const auto* n = std::get_if<int64_t>(&value);
    return n != nullptr && static_cast<long double>(min) <= static_cast<long double>(*n) &&
           static_cast<long double>(*n) <= static_cast<long double>(max);
  }

  const AggregateRequest& request_;
  std::map<GroupKey, AggregateRow> groups_;
};

class ModelAggregateCursor final : public AggregateCursor {
 public:
  ModelAggregateCursor(std::vector<AggregateRow> rows, Positions snapshot,
                       std::vector<DamagedRange> gaps)
      : rows_(std::move(rows)), snapshot_(std::move(snapshot)), gaps_(std::move(gaps)) {}

  Result<void> Next(size_t rows_max, std::vector<AggregateRow>& out) override {
    out.clear();
    while (at_ < rows_.size() && out.size() < rows_max) out.push_back(std::move(rows_[at_++]));
    return {};
  }
  const Positions& snapshot() const override { return snapshot_; }
  bool exact() const override { return true; }
  std::vector<DamagedRange> gaps() const override { return gaps_; }

 private:
  std::vector<AggregateRow> rows_;
  const Positions snapshot_;
  const std::vector<DamagedRange> gaps_;
  size_t at_ = 0;
};

class ModelRevisionCursor final : public RevisionCursor {
 public:
  ModelRevisionCursor(std::vector<std::vector<RevisionRow>> pieces, std::vector<DamagedRange> gaps)
      : pieces_(std::move(pieces)), gaps_(std::move(gaps)) {}

  Result<bool> Next(std::vector<RevisionRow>& out) override {
    out.clear();
    if (next_ == pieces_.size()) return false;
    out = std::move(pieces_[next_++]);
    return true;
  }
  std::vector<DamagedRange> gaps() const override { return gaps_; }

 private:
  std::vector<std::vector<RevisionRow>> pieces_;
  const std::vector<DamagedRange> gaps_;
  size_t next_ = 0;
};

class ModelFeedReader final : public FeedReader {
 public:
  ModelFeedReader(std::shared_ptr<ModelStore::State> state, Positions from)
      : state_(std::move(state)), positions_(std::move(from)) {}

  Result<bool> Next(size_t points_max, FeedBatch& out) override {
    out.Clear();
    const MutexLock lock(state_->mutex);
    for (uint32_t tries = 0; tries < ModelStore::kPartitions; ++tries) {
      const uint32_t p = (turn_ + tries) % ModelStore::kPartitions;
      const auto& entries = state_->feed[p];
      uint64_t at = positions_.offset(p);
      if (at < state_->trimmed[p]) {
        NextOfGap(p, at, out);
        return true;
      }
      if (at >= entries.size()) continue;
      do {
        const ModelFeedEntry& e = entries[at++];
        const uint32_t origin = out.OriginOf(e.brought_by);
        for (FeedPoint point : e.points) {
          point.origin = origin;
          out.points.push_back(point);
        }
        out.sources.insert(out.sources.end(), e.sources.begin(), e.sources.end());
        out.views.insert(out.views.end(), e.views.begin(), e.views.end());
        if (out.with_revisions)
          out.revisions.insert(out.revisions.end(), e.revisions.begin(), e.revisions.end());
      } while (at < entries.size() && out.points.size() < points_max);
      out.partition = p;
      out.end_offset = at;
      positions_.Set({p, at});
      turn_ = p + 1;
      return true;
    }
    return false;
  }
  const Positions& positions() const override { return positions_; }

 private:
  // In batches of a few ranges; the last one has the clocks and moves the position.
  void NextOfGap(uint32_t p, uint64_t at, FeedBatch& out) TM_REQUIRES(state_->mutex) {
    constexpr size_t kRangesPerBatch = 3;
    if (gap_end_ != state_->trimmed[p]) gap_at_ = 0;  // trimmed again meanwhile
    gap_end_ = state_->trimmed[p];
    FeedBatch whole;
    state_->FillGap(p, at, whole);
    out.gap = true;
    out.partition = p;
    out.end_offset = at;
    const size_t to = std::min(gap_at_ + kRangesPerBatch, whole.changed.size());
    out.changed.assign(whole.changed.begin() + static_cast<ptrdiff_t>(std::min(gap_at_, to)),
                       whole.changed.begin() + static_cast<ptrdiff_t>(to));
    gap_at_ = to;
    if (to < whole.changed.size()) return;
    gap_at_ = 0;
    out.gap_ends = true;
    out.sources = std::move(whole.sources);
    out.end_offset = state_->trimmed[p];
    positions_.Set({p, out.end_offset});
  }

  size_t gap_at_ = 0;  // ranges of the gap already given
  uint64_t gap_end_ = 0;
  const std::shared_ptr<ModelStore::State> state_;
  Positions positions_;
  uint32_t turn_ = 0;
};

}  // namespace

bool ModelStore::State::Visible(const SeriesInfo& info, const OwnerFilter& filter) const {
  switch (filter.kind) {
    case OwnerFilter::Kind::kOwnerless:
      return info.owner.none();
    case OwnerFilter::Kind::kView:
      return info.owner == filter.view;
    case OwnerFilter::Kind::kVisible:
      break;
  }
  if (info.owner.none()) return true;
  return std::any_of(reservations.begin(), reservations.end(), [&](const Reservation& r) {
    return r.view == info.owner.view && r.active_generation == info.owner.generation;
  });
}

bool ModelStore::State::Matches(const SeriesInfo& info, const Selection& selection) const {
  if (info.table != selection.table || !Visible(info, selection.owners)) return false;
  for (const TextPredicate& p : selection.measure) {
    if (!p.Matches(info.measure)) return false;
  }
  for (const DimensionPredicate& p : selection.dimensions) {
    const auto it = std::find_if(info.dimensions.begin(), info.dimensions.end(),
                                 [&](const Dimension& d) { return d.name == p.dimension; });
    if (it == info.dimensions.end() || !p.predicate.Matches(it->value)) return false;
  }
  return !selection.series || std::find(selection.series->begin(), selection.series->end(),
                                        info.ref) != selection.series->end();
}

std::vector<const ModelSeries*> ModelStore::State::Select(const Selection& selection) const {
  std::vector<const ModelSeries*> out;
  for (const auto& [ref, s] : series) {
    if (s.defined && Matches(*s.info, selection)) out.push_back(&s);
  }
  return out;
}

std::vector<std::pair<EventTime, const ModelRow*>> ModelStore::State::Rows(const ModelSeries& s,
                                                                           TimeRange range) const {
  const AcceptedWindow window =
      WindowOf(tables.at(s.info->table).settings, clock.Now(), WriteBatch::TimeCheck::kNone);
  std::vector<std::pair<EventTime, const ModelRow*>> out;
  for (auto it = s.rows.lower_bound(std::max(range.start, window.retention_start));
       it != s.rows.end() && it->first < range.end; ++it) {
    if (InKnownGap(s.info->table, it->first)) continue;
    if (it->second.value.type != ValueType::kNone) out.emplace_back(it->first, &it->second);
  }
  return out;
}

Positions ModelStore::State::End() const {
  Positions end;
  for (uint32_t p = 0; p < kPartitions; ++p) end.Set({p, feed[p].size()});
  return end;
}

Result<std::unique_ptr<ScanCursor>> ModelStore::Scan(const ScanRequest& request) {
  const MutexLock lock(state_->mutex);
  if (!state_->tables.contains(request.selection.table))
    return Error{Code::kNotFound, "no such table"};
  if (!state_->End().Covers(request.at_least))
    return Error{Code::kOutOfRange, "position beyond the end"};
  TM_RETURN_IF_ERROR(state_->CheckReadable(request.selection.table, request.selection.time));
  return std::unique_ptr<ScanCursor>(
      new ModelScanCursor(CopySelected(*state_, request.selection, false), request, state_->End(),
                          state_->KnownGaps(request.selection.table, request.selection.time)));
}

Result<std::unique_ptr<ScanCursor>> ModelStore::LastPoints(const ScanRequest& request) {
  const MutexLock lock(state_->mutex);
  if (!state_->tables.contains(request.selection.table))
    return Error{Code::kNotFound, "no such table"};
  TM_RETURN_IF_ERROR(state_->CheckReadable(request.selection.table, request.selection.time));
  return std::unique_ptr<ScanCursor>(
      new ModelScanCursor(CopySelected(*state_, request.selection, true), request, state_->End(),
                          state_->KnownGaps(request.selection.table, request.selection.time)));
}

uint64_t ModelStore::windows_asked() const {
  const MutexLock lock(state_->mutex);
  return state_->windows_asked;
}

Result<std::unique_ptr<AggregateCursor>> ModelStore::Aggregate(const AggregateRequest& request) {
  const MutexLock lock(state_->mutex);
  State& s = *state_;
  if (!s.tables.contains(request.selection.table)) return Error{Code::kNotFound, "no such table"};
  if (!s.End().Covers(request.at_least)) return Error{Code::kOutOfRange, "position beyond the end"};
  s.windows_asked += request.windows.size();
  TM_RETURN_IF_ERROR(CheckValues(request));
  for (const AggregateColumn& a : request.aggregates) {
    TM_RETURN_IF_ERROR(agg::CheckSpec(a.spec()));
    if (a.carry.count() < 0) return Error{Code::kInvalidArgument, "a carry must not be negative"};
  }
  if (request.windows.empty()) {
    TM_RETURN_IF_ERROR(s.CheckReadable(request.selection.table, request.selection.time));
  }
  for (const Window& w : request.windows) {
    TM_RETURN_IF_ERROR(s.CheckReadable(request.selection.table, w.range));
  }
  ModelAggregates groups(request);
  std::map<uint32_t, EventTime> starts;
  for (const Window& w : request.windows) {
    const auto it = s.series.find(w.series);
    if (it == s.series.end()) continue;
    const EventTime bin = starts.emplace(w.group, w.range.start).first->second;
    const auto rows = s.Rows(it->second, w.range);
    bool any = false;
    for (const auto& [time, row] : rows) {
      if (!groups.Counts(*row)) continue;
      groups.Add({w.group, {}, bin}, *it->second.info, time, *row);
      any = true;
    }
    if (!any) continue;
    groups.AddCarry({w.group, {}, bin}, *it->second.info, w.range.start,
                    s.Rows(it->second, {kEventTimeMin, w.range.start}));
  }
  if (!request.windows.empty())
    return std::unique_ptr<AggregateCursor>(new ModelAggregateCursor(
        groups.Take(), s.End(), s.KnownGaps(request.selection.table, request.selection.time)));
  for (const ModelSeries* series : s.Select(request.selection)) {
    std::vector<std::optional<std::string>> keys;
    for (const std::string& name : request.group_by) {
      const auto& dims = series->info->dimensions;
      const auto it = std::find_if(dims.begin(), dims.end(),
                                   [&](const Dimension& d) { return d.name == name; });
      keys.push_back(it == dims.end() ? std::nullopt : std::optional(it->value));
    }
    if (request.group_by_measure) keys.emplace_back(series->info->measure);
    for (const auto& [time, row] : s.Rows(*series, request.selection.time)) {
      const EventTime bin = request.bins && request.bins->width.count() > 0
                                ? FloorTo(time, request.bins->width, request.bins->offset)
                                : request.selection.time.start;
      if (!groups.Counts(*row)) continue;
      groups.Add({0, keys, bin}, *series->info, time, *row);
      const EventTime start = std::max(bin, request.selection.time.start);
      groups.AddCarry({0, keys, bin}, *series->info, start,
                      s.Rows(*series, {kEventTimeMin, start}));
    }
  }
  return std::unique_ptr<AggregateCursor>(new ModelAggregateCursor(
      groups.Take(), s.End(), s.KnownGaps(request.selection.table, request.selection.time)));
}

Result<ReadEstimate> ModelStore::Estimate(const AggregateRequest& request) {
  const MutexLock lock(state_->mutex);
  State& s = *state_;
  if (!s.tables.contains(request.selection.table)) return Error{Code::kNotFound, "no such table"};
  ReadEstimate out;
  Selection all;
  all.table = request.selection.table;
  out.series_total = s.Select(all).size();
  for (const ModelSeries* series : s.Select(request.selection)) {
    ++out.series;
    out.points += s.Rows(*series, request.selection.time).size();
  }
  return out;
}

Result<TableSchema> ModelStore::Schema(TableId table) {
  const MutexLock lock(state_->mutex);
  const auto found = state_->tables.find(table);
  if (found == state_->tables.end()) return Error{Code::kNotFound, "no such table"};
  TableSchema schema;
  schema.dimensions = found->second.dimensions;
  schema.columns = found->second.columns;
  std::map<std::string, TableSchema::Measure> measures;
  Selection all;
  all.table = table;
  for (const ModelSeries* series : state_->Select(all)) {
    TableSchema::Measure& m = measures[series->info->measure];
    m.name = series->info->measure;
    m.type = series->info->type;
    const auto add = [](auto& list, const auto& item) {
      if (std::find(list.begin(), list.end(), item) == list.end()) list.push_back(item);
    };
    for (const FieldDef& column : found->second.columns) {
      if (series->fields.contains(column.name)) add(m.fields, column);
    }
    for (const Dimension& d : series->info->dimensions) add(m.dimensions, d.name);
  }
  for (auto& [name, m] : measures) {
    const auto order = [&](const auto& list, const auto& item) {
      return std::find(list.begin(), list.end(), item) - list.begin();
    };
    std::sort(m.dimensions.begin(), m.dimensions.end(), [&](const auto& a, const auto& b) {
      return order(schema.dimensions, a) < order(schema.dimensions, b);
    });
    std::sort(m.fields.begin(), m.fields.end(), [&](const auto& a, const auto& b) {
      return order(schema.columns, a) < order(schema.columns, b);
    });
    schema.measures.push_back(std::move(m));
  }
  return schema;
}

Result<std::vector<std::shared_ptr<const SeriesInfo>>> ModelStore::Series(
    const Selection& selection) {
  const MutexLock lock(state_->mutex);
  std::vector<std::shared_ptr<const SeriesInfo>> out;
  for (const ModelSeries* series : state_->Select(selection)) out.push_back(series->info);
  return out;
}

Result<std::unique_ptr<FeedReader>> ModelStore::OpenFeed(const Positions& from) {
  const MutexLock lock(state_->mutex);
  if (!state_->End().Covers(from)) return Error{Code::kOutOfRange, "feed position beyond the end"};
  return std::unique_ptr<FeedReader>(new ModelFeedReader(state_, from));
}

Positions ModelStore::End() {
  const MutexLock lock(state_->mutex);
  return state_->End();
}

std::vector<SourceProgress> ModelStore::ProgressOf(SourceId source) {
  const MutexLock lock(state_->mutex);
  std::vector<SourceProgress> out;
  for (const auto& [key, progress] : state_->sources) {
    if (progress.source == source) out.push_back(progress);
  }
  return out;
}

std::vector<SourceProgress> ModelStore::ProgressInto(TableId table) {
  const MutexLock lock(state_->mutex);
  std::vector<SourceProgress> out;
  for (const auto& [key, progress] : state_->sources) {
    if (progress.table == table) out.push_back(progress);
  }
  return out;
}

std::optional<ViewProgress> ModelStore::ProgressOf(ViewId view) {
  const MutexLock lock(state_->mutex);
  const auto it = state_->views.find(view);
  return it == state_->views.end() ? std::nullopt : std::optional(it->second);
}

Result<std::unique_ptr<RevisionCursor>> ModelStore::OpenRevisions(const Selection& selection) {
  const MutexLock lock(state_->mutex);
  std::vector<std::vector<RevisionRow>> pieces;
  for (const ModelSeries* series : state_->Select(selection)) {
    if (series->info->owner.none()) continue;
    std::map<EventTime, RevisionRow> rows;
    for (const auto& [time, row] : state_->Rows(*series, selection.time)) {
      rows[time] = {series->info, time, row->row, row->value.scalar, {}, row->version};
    }
    for (const auto& [time, entries] : series->revisions) {
      if (!selection.time.Contains(time)) continue;
      RevisionRow& row = rows[time];
      if (row.series == nullptr) {
        row.series = series->info;
        row.time = time;
        row.row = {entries[0].window_start, entries[0].window_end, 0, 0};
      }
      row.revisions = entries;
    }
    if (rows.empty()) continue;
    std::vector<RevisionRow>& piece = pieces.emplace_back();
    for (auto& [time, row] : rows) piece.push_back(std::move(row));
  }
  return std::unique_ptr<RevisionCursor>(new ModelRevisionCursor(
      std::move(pieces), state_->KnownGaps(selection.table, selection.time)));
}

StoreStats ModelStore::Stats() {
  const MutexLock lock(state_->mutex);
  StoreStats stats;
  for (const auto& [ref, series] : state_->series) {
    if (!series.defined) continue;
    ++stats.series;
    stats.points += series.rows.size();
  }
  return stats;
}

}  // namespace tidemark::store
