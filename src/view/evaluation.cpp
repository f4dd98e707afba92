// SPDX-License-Identifier: Apache-2.0
// 1. One aggregate request answers all pairs of a piece; one group per pair.
// 2. Existing rows are read only where one can exist: late pairs, and all after an unfinished run.
// 3. Values are compared by bits: 0.0 and -0.0 differ, equal NaNs do not.
#include <algorithm>
#include <bit>
#include <map>

#include "view/evaluation_internal.h"
#include "view/evaluation_replaced_internal.h"

namespace tidemark::view {
namespace {

constexpr size_t kRowsPerFetch = 1024;
constexpr int kEndedApartMax = 16;  // rows that one request for ended rows may pass over

store::ValueView ScalarView(const store::Scalar& value, std::deque<std::string>& texts) {
  if (const auto* v = std::get_if<double>(&value)) return store::ValueView::Double(*v);
  if (const auto* v = std::get_if<int64_t>(&value)) return store::ValueView::Bigint(*v);
  if (const auto* v = std::get_if<bool>(&value)) return store::ValueView::Boolean(*v);
  if (const auto* v = std::get_if<EventTime>(&value)) return store::ValueView::Timestamp(*v);
  if (const auto* v = std::get_if<std::string>(&value)) {
    return store::ValueView::Varchar(texts.emplace_back(*v));
  }
  return {};
}

}  // namespace

Evaluator::~Evaluator() = default;

Evaluator::Evaluator(store::Store& store, const ViewDefinition& definition, SeriesBook& book,
                     size_t state_bytes_max, Coarse coarse)
    : store_(store),
      definition_(definition),
      book_(book),
      windows_(WindowsOf(definition)),
      ranges_(RangesOf(definition)),
      groups_(state_bytes_max),
      shape_(definition) {
  if (coarse == Coarse::kMerged && Merges(definition) && !book.grouped()) {
    levels_.emplace(windows_, state_bytes_max);
  }
}

size_t Evaluator::RowKeyHash::operator()(const RowKey& key) const noexcept {
  uint64_t h = key.series.hi * 0x9e3779b97f4a7c15U ^ key.series.lo;
  h = (h ^ static_cast<uint64_t>(key.time.ns)) * 0xbf58476d1ce4e5b9U;
  return h ^ (h >> 31U);
}

Result<Piece> Evaluator::Evaluate(const PieceRequest& request) {
  TM_ASSIGN_OR_RETURN(Piece piece, EvaluateAll(request));
  if (replaced_ != nullptr) TM_RETURN_IF_ERROR(TellReplaced(request, piece));
  return piece;
}

Result<Piece> Evaluator::EvaluateAll(PieceRequest request) {
  const PieceRequest asked = request;
  std::vector<Due> due;
  std::vector<Due> frozen;
  LateKeys late_keys;
  if (book_.grouped() && !ranges_) {
    due = MergeGroups(request.due);
    frozen = MergeGroups(request.frozen);
    request.due = due;
    request.frozen = frozen;
    if (asked.late_keys != nullptr && !asked.late_keys->empty()) {
      // A row's late and refused points are told apart by its entries; one piece has either.
      std::vector<Due> all(asked.due.begin(), asked.due.end());
      all.insert(all.end(), asked.frozen.begin(), asked.frozen.end());
      std::vector<Due> rows_of = due;
      rows_of.insert(rows_of.end(), frozen.begin(), frozen.end());
      late_keys = KeysOfGroups(*asked.late_keys, all, rows_of);
      request.late_keys = &late_keys;
    }
  }
  Piece piece;
  std::vector<SeriesIndex> series;
  series.reserve(request.due.size() + request.frozen.size());
  for (const Due& one : request.due) series.push_back(one.series);
  for (const Due& one : request.frozen) series.push_back(one.series);
  TM_RETURN_IF_ERROR(book_.ResolveTargets(series));
  if (!book_.grouped()) {
    TM_ASSIGN_OR_RETURN(const bool fresh, shape_.Learn(store_, book_));
    if (fresh) ForgetLevels();  // states of before lack the columns that came
  }
  if (ranges_) return EvaluateRanges(request);
  TM_ASSIGN_OR_RETURN(const Rows rows, ReadRows(request, RowsWanted(request)));
  piece.snapshot = store_.End();
  if (book_.grouped()) {
    EmitGroups(request, rows, piece);
  } else if (levels_) {
    TM_RETURN_IF_ERROR(EvaluateLevels(request, rows, piece));
  } else if (!request.due.empty()) {
    TM_RETURN_IF_ERROR(AggregateInto(request, request.due, rows, piece));
  }
  EmitFrozen(request, rows, piece);
  return piece;
}

std::vector<Evaluator::RowKey> Evaluator::RowsWanted(const PieceRequest& request) const {
  std::vector<RowKey> wanted;
  const auto want = [&](const Due& due) {
    for (size_t output = 0; output < book_.outputs(); ++output) {
      if (const auto* target = book_.target(due.series, due.window.level, output)) {
        wanted.push_back({*target, LabelOf(due)});
      }
    }
  };
  for (const Due& due : request.due) {
    if (!due.fresh || request.fresh_rows == PieceRequest::FreshRows::kMayExist) want(due);
  }
  for (const Due& due : request.frozen) want(due);
  return wanted;
}

Result<Evaluator::Rows> Evaluator::ReadRows(const PieceRequest& request,
                                            std::vector<RowKey> wanted) {
  Rows rows;
  if (wanted.empty()) return rows;
  // Few times and many series (a firing): a scan per time. Few series with many times (a back-fill,
  // a straggler): a scan per series over the hull of its times.
  std::map<EventTime, std::vector<store::SeriesRef>> by_time;
  std::map<store::SeriesRef, TimeRange> by_series;
  for (const RowKey& key : wanted) {
    by_time[key.time].push_back(key.series);
    const auto [it, is_new] =
        by_series.try_emplace(key.series, TimeRange{key.time, key.time + nanoseconds(1)});
    it->second.start = std::min(it->second.start, key.time);
    it->second.end = std::max(it->second.end, key.time + nanoseconds(1));
  }
  if (by_time.size() <= by_series.size()) {
    for (auto& [time, series] : by_time) {
      TM_RETURN_IF_ERROR(ScanRows(request, {time, time + nanoseconds(1)}, std::move(series), rows));
    }
  } else {
    for (const auto& [series, time] : by_series) {
      TM_RETURN_IF_ERROR(ScanRows(request, time, {series}, rows));
    }
  }
  TM_RETURN_IF_ERROR(ReadEnded(wanted, rows));
  return rows;
}

bool Evaluator::RowsMayEnd() const {
  if (definition_.rows_end()) return true;
  return std::ranges::any_of(definition_.aggregates, [this](const agg::Aggregate& aggregate) {
    return std::ranges::any_of(definition_.types, [&aggregate](store::ValueType type) {
      return agg::MayOverflow(aggregate, static_cast<agg::Type>(type));
    });
  });
}

/// About from one row of a series to the next.
nanoseconds Evaluator::EndedStep() const {
  if (!ranges_) return windows_.step_max();
  return ranges_->sessions() ? ranges_->gap() : ranges_->every();
}

// A row that ended (its sum overflowed, its points do not count any more) is seen by no scan; its
// revisions go on counting. Adds those of `keys` that are not in `out`.
Result<void> Evaluator::ReadEnded(std::span<const RowKey> keys, Rows& out) {
  if (!RowsMayEnd()) return {};
  std::map<store::SeriesRef, std::set<EventTime>> missing;
  for (const RowKey& key : keys) {
    if (!out.contains(key)) missing[key.series].insert(key.time);
  }
  store::Selection selection;
  selection.table = definition_.target;
  selection.owners = {store::OwnerFilter::Kind::kView, definition_.owner()};
  // One request for times side by side; between others there may be years of rows.
  const nanoseconds apart_max = kEndedApartMax * EndedStep();
  for (const auto& [series, times] : missing) {
    selection.series = {{series}};
    for (auto it = times.begin(); it != times.end();) {
      const EventTime first = *it;
      EventTime end = first;
      while (it != times.end() && *it - end <= apart_max) end = *it++;
      selection.time = {first, end + nanoseconds(1)};
      TM_ASSIGN_OR_RETURN(const auto found, store_.Revisions(selection, SIZE_MAX));
      for (const store::RevisionRow& row : found) {
        if (!times.contains(row.time)) continue;
        uint32_t last = 0;
        for (const auto& entry : row.revisions) last = std::max(last, entry.revision);
        if (last > 0) out[{series, row.time}].row.revision = last;
      }
    }
  }
  return {};
}

Result<void> Evaluator::ScanRows(const PieceRequest& request, TimeRange time,
                                 std::vector<store::SeriesRef> series, Rows& out) {
  store::ScanRequest scan;
  scan.selection.table = definition_.target;
  scan.selection.time = time;
  scan.selection.owners = {store::OwnerFilter::Kind::kView, definition_.owner()};
  scan.selection.series = std::move(series);
  scan.rows_wanted = true;
  scan.at_least = request.at_least;
  TM_ASSIGN_OR_RETURN(const auto cursor, store_.Scan(scan));
  store::SliceBuffer buffer;
  store::Slice slice;
  for (;;) {
    TM_ASSIGN_OR_RETURN(const bool more, cursor->Next(buffer, slice));
    if (!more) return {};
    for (size_t i = 0; i < slice.times.size(); ++i) {
      Existing existing;
      // An adopted row has no RowInfo of ours yet: revision 0, so that the next one is 1.
      if (i < slice.rows.size()) existing.row = slice.rows[i];
      existing.values = ReadRowValues(shape_, slice, i);
      out[{slice.series->ref, slice.times[i]}] = std::move(existing);
    }
  }
}

Evaluator::Columns Evaluator::ColumnsFor(std::span<const store::ValueType> types) const {
  Columns out;
  for (const store::ValueType type : types) {
    if (type != store::ValueType::kMulti) out.inputs.push_back({{}, type});
  }
  out.inputs.insert(out.inputs.end(), shape_.fields().begin(), shape_.fields().end());
  for (const agg::Aggregate& aggregate : definition_.aggregates) {
    const agg::Spec kind = aggregate.spec(agg::Type::kDouble);
    const auto found = std::ranges::find(out.kinds, kind);
    out.kind_of.push_back(static_cast<size_t>(found - out.kinds.begin()));
    if (found == out.kinds.end()) out.kinds.push_back(kind);
  }
  return out;
}

void Evaluator::Ask(const Columns& columns, store::AggregateRequest& ask) const {
  ask.values = definition_.values();
  for (const agg::Spec& kind : columns.kinds) {
    for (const store::FieldDef& input : columns.inputs) {
      ask.aggregates.push_back({.kind = kind.kind,
                                .type = static_cast<agg::Type>(input.type),
                                .field = input.name,
                                .bounds = kind.bounds,
                                .carry = definition_.CarryOf(kind.kind)});
    }
  }
}

Result<void> Evaluator::AggregateInto(const PieceRequest& request, std::span<const Due> due,
                                      const Rows& rows, Piece& piece) {
  store::AggregateRequest ask;
  ask.selection.table = definition_.source;
  ask.at_least = request.at_least;
  ask.windows.reserve(due.size());
  std::vector<store::ValueType> types;
  for (size_t i = 0; i < due.size(); ++i) {
    for (const SeriesIndex member : book_.RowMembers(due[i].series)) {
      ask.windows.push_back({.group = static_cast<uint32_t>(i),
                             .series = book_.source(member),
                             .range = WindowOf(due[i])});
    }
    const store::ValueType type = book_.type(due[i].series);
    if (std::find(types.begin(), types.end(), type) == types.end()) types.push_back(type);
  }
  const Columns columns = ColumnsFor(types);
  if (columns.inputs.empty()) return {};  // none of the columns has come yet
  Ask(columns, ask);
  TM_ASSIGN_OR_RETURN(const auto cursor, store_.Aggregate(ask));
  piece.snapshot = cursor->snapshot();
  if (request.kind == PieceRequest::Kind::kPublish) {
    piece.points.reserve(due.size() * book_.outputs());
    piece.revisions.reserve(due.size() * book_.outputs());
  }
  std::vector<store::AggregateRow> answer;
  size_t next = 0;  // the pair that was not answered yet
  const auto skip_to = [&](size_t pair) {
    for (; next < pair; ++next) EmitNothing(request, due[next], rows, piece);
    ++next;
  };
  for (;;) {
    TM_RETURN_IF_ERROR(cursor->Next(kRowsPerFetch, answer));
    for (const store::AggregateRow& row : answer) {
      skip_to(row.group);
      EmitAnswer(request, due[row.group], columns, row, rows, piece);
    }
    if (!answer.empty()) continue;
    skip_to(due.size());
    return {};
  }
}

void Evaluator::EmitAnswer(const PieceRequest& request, const Due& due, const Columns& columns,
                           const store::AggregateRow& answer, const Rows& rows, Piece& piece) {
  Finish(columns, answer.states, columns.FirstOf(book_.type(due.series)), WindowOf(due), piece);
  EmitAll(request, due, answer.points, values_, rows, piece);
}

void Evaluator::Finish(const Columns& columns, std::span<const agg::State> states, size_t first,
                       TimeRange window, Piece& piece) {
  values_.clear();
  for (size_t a = 0; a < definition_.aggregates.size(); ++a) {
    for (size_t i = 0; i < shape_.per_aggregate(); ++i) {
      auto value = agg::FinishAs(definition_.aggregates[a],
                                 states[columns.At(columns.kind_of[a], first + i)], window);
      if (!value.ok()) ++piece.overflows;
      values_.push_back(std::move(value).value_or({}));
    }
  }
}

// Nothing counts in the window: a row that is there ends (event-time.md H13). Without a filter
// nothing takes points away but retention, which leaves rows alone.
void Evaluator::EmitNothing(const PieceRequest& request, const Due& due, const Rows& rows,
                            Piece& piece) {
  if (!definition_.rows_end() || WindowOf(due).start < request.first_whole) return;
  values_.assign(shape_.values(), {});
  EmitAll(request, due, 0, values_, rows, piece);
}

void Evaluator::EmitAll(const PieceRequest& request, const Due& due, uint64_t records,
                        RowValuesView values, const Rows& rows, Piece& piece) {
  const size_t each = definition_.multi_rows ? values.size() : shape_.per_aggregate();
  for (size_t output = 0; output < book_.outputs(); ++output) {
    Emit(request, due, output, records, values.subspan(output * each, each), rows, piece);
  }
}

void Evaluator::Emit(const PieceRequest& request, const Due& due, size_t output, uint64_t records,
                     RowValuesView values, const Rows& rows, Piece& piece) {
  const store::SeriesRef* target = book_.target(due.series, due.window.level, output);
  if (target == nullptr) {
    ++piece.refused;
    return;
  }
  const auto found = rows.find({*target, LabelOf(due)});
  const Existing* existing = found == rows.end() ? nullptr : &found->second;
  if (request.kind == PieceRequest::Kind::kEarly) {
    if (EmitEarly(request, {due, *target, 0, records}, values, existing, piece))
      NoteChange(due, output, piece);
    return;
  }
  if (request.kind == PieceRequest::Kind::kCompare) {
    Compare(due, *target, values, existing, piece);
    return;
  }
  const auto is_so = [&](const Existing& row) {
    return SameBits(row.values, values) && (NoValue(values) || IsOf(row.row, due));
  };
  if (existing != nullptr && existing->row.revision > 0 && is_so(*existing)) return;
  if (existing == nullptr && NoValue(values)) return;
  if (due.coarse && request.sealed.Has(due.window)) {
    LogFrozen(request, due, output, rows, piece);
    return;
  }

  const uint32_t revision = existing == nullptr ? 1 : existing->row.revision + 1;
  AddRow(request, {due, *target, revision, records}, values, piece);
  store::RevisionEntry& entry = AddEntry(request, due, *target, piece);
  entry.revision = revision;
  if (existing != nullptr && !IsEarly(existing->row))
    entry.old_value = LoggedValue(shape_, existing->values);
  entry.new_value = LoggedValue(shape_, values);
  entry.record_count = records;
  ++(revision == 1 ? piece.published : piece.revised);
  NoteChange(due, output, piece);
}

store::ValueView Evaluator::ViewOf(RowValuesView values, Piece& piece) const {
  if (NoValue(values)) return {};
  if (!shape_.named()) return ScalarView(values.front(), piece.texts);
  std::vector<store::FieldView>& fields = piece.fields.emplace_back();
  for (size_t i = 0; i < values.size(); ++i) {
    if (std::holds_alternative<std::monostate>(values[i]))
      continue;  // a sum out of range: the others are told
    fields.push_back(
        {piece.texts.emplace_back(shape_.names()[i]), ScalarView(values[i], piece.texts)});
  }
  return store::ValueView::Multi(fields);
}

// By the rule that Emit() publishes by.
void Evaluator::Compare(const Due& due, store::SeriesRef target, RowValuesView values,
                        const Existing* existing, Piece& piece) const {
  const EventTime label = LabelOf(due);
  piece.compared.emplace_back(target, label);
  if (existing == nullptr ? NoValue(values)
                          : existing->row.revision > 0 && SameBits(existing->values, values) &&
                                (NoValue(values) || IsOf(existing->row, due))) {
    return;
  }
  RowMismatch& out = piece.mismatches.emplace_back();
  out.series = target;
  out.time = label;
  out.window = out.around = WindowOf(due);
  if (existing != nullptr) {
    out.stored = !NoValue(existing->values);  // else it ended
    out.row = existing->row;
    out.old_value = LoggedValue(shape_, existing->values);
    if (ranges_ && out.stored) {
      out.window = {existing->row.window_start, existing->row.window_end};
      out.around = {std::min(out.around.start, out.window.start),
                    std::max(out.around.end, out.window.end)};
    }
  }
  out.new_value = LoggedValue(shape_, values);
}

// Nothing is written where nothing new came.
bool Evaluator::EmitEarly(const PieceRequest& request, const NewRow& row, RowValuesView values,
                          const Existing* existing, Piece& piece) {
  if (existing == nullptr) {
    if (NoValue(values)) return false;
  } else if (!IsEarly(existing->row) ||
             (existing->row.record_count == row.records && SameBits(existing->values, values) &&
              IsOf(existing->row, row.due))) {
    return false;  // published, adopted, or as it is
  }
  AddRow(request, row, values, piece);
  ++piece.early;
  return true;
}

void Evaluator::AddRow(const PieceRequest& request, const NewRow& row, RowValuesView values,
                       Piece& piece) {
  const TimeRange window = WindowOf(row.due);
  const store::RowInfo& info = piece.rows.emplace_back(store::RowInfo{.window_start = window.start,
                                                                      .window_end = window.end,
                                                                      .revision = row.revision,
                                                                      .record_count = row.records});
  store::PointView& point = piece.points.emplace_back();
  point.series = row.target;
  point.time = LabelOf(row.due);
  point.arrival = request.now;
  point.value = ViewOf(values, piece);  // none: the row ends
  point.row = &info;
}

store::RevisionEntry& Evaluator::AddEntry(const PieceRequest& request, const Due& due,
                                          store::SeriesRef target, Piece& piece) {
  const TimeRange window = WindowOf(due);
  store::RevisionEntry& entry = piece.revisions.emplace_back();
  entry.series = target;
  entry.time = LabelOf(due);
  entry.window_start = window.start;
  entry.window_end = window.end;
  entry.at = request.now;
  entry.coarse = due.coarse;
  if (due.coarse) return entry;
  entry.late_points = due.late_points;
  entry.lateness_max = due.lateness;
  entry.partition = due.partition;
  entry.correction = due.correction;
  if (request.late_keys != nullptr) NameLatePoints(request, due, entry);
  return entry;
}

void Evaluator::NameLatePoints(const PieceRequest& request, const Due& due,
                               store::RevisionEntry& entry) const {
  if (!ranges_) {
    const auto* keys = request.late_keys->Find(due.window, due.series);
    if (keys != nullptr) entry.points = *keys;
  } else if (due.late_points > 0) {
    const auto changed = changed_.find({due.series, due.range.start});
    entry.points =
        request.late_keys->In(changed == changed_.end() ? due.range : changed->second, due.series);
  }
}

void Evaluator::NoteChange(const Due& due, size_t output, Piece& piece) {
  const EventTime label = LabelOf(due);
  piece.measures.insert(book_.target_name(due.series, due.window.level, output));
  if (!piece.hull) piece.hull = TimeRange{label, label + nanoseconds(1)};
  piece.hull->start = std::min(piece.hull->start, label);
  piece.hull->end = std::max(piece.hull->end, label + nanoseconds(1));
}

void Evaluator::EmitFrozen(const PieceRequest& request, const Rows& rows, Piece& piece) {
  for (const Due& due : request.frozen) {
    for (size_t output = 0; output < book_.outputs(); ++output) {
      LogFrozen(request, due, output, rows, piece);
    }
  }
}

void Evaluator::LogFrozen(const PieceRequest& request, const Due& due, size_t output,
                          const Rows& rows, Piece& piece) {
  const store::SeriesRef* target = book_.target(due.series, due.window.level, output);
  if (target == nullptr) return;
  store::RevisionEntry& entry = AddEntry(request, due, *target, piece);
  if (const auto it = rows.find({*target, entry.time}); it != rows.end()) {
    entry.revision = it->second.row.revision;
    entry.old_value = LoggedValue(shape_, it->second.values);
    entry.new_value = entry.old_value;
    entry.record_count = it->second.row.record_count;
  }
  entry.frozen = true;
  NoteChange(due, output, piece);
}

}  // namespace tidemark::view
