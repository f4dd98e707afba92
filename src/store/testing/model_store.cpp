// SPDX-License-Identifier: Apache-2.0
// Definitions and writes of the model; reads are in model_reads.cpp.
#include "store/testing/model_store.h"

#include <algorithm>
#include <bit>
#include <tuple>

#include "base/checksum.h"
#include "store/canonical_key.h"
#include "store/conflict.h"
#include "store/reject_text.h"
#include "store/testing/model_state_internal.h"

namespace tidemark::store {
namespace {

Scalar ScalarOf(const ValueView& view) {
  switch (view.type()) {
    case ValueType::kDouble:
      return view.as_double();
    case ValueType::kBigint:
      return view.as_bigint();
    case ValueType::kVarchar:
      return std::string(view.as_varchar());
    case ValueType::kBoolean:
      return view.as_boolean();
    case ValueType::kTimestamp:
      return view.as_timestamp();
    case ValueType::kNone:
    case ValueType::kMulti:
      break;
  }
  return std::monostate{};
}

bool SameScalar(const Scalar& a, const Scalar& b) {
  if (a.index() != b.index()) return false;
  if (const double* x = std::get_if<double>(&a)) {
    return std::bit_cast<uint64_t>(*x) == std::bit_cast<uint64_t>(std::get<double>(b));
  }
  return a == b;
}

std::string IndexKey(const std::string& canonical, ValueType type) {
  return canonical + static_cast<char>(type);
}

}  // namespace

ModelValue ModelValue::From(const ValueView& view) {
  ModelValue out;
  out.type = view.type();
  out.scalar = ScalarOf(view);
  if (view.type() == ValueType::kMulti) {
    for (const FieldView& f : view.as_fields()) {
      out.fields[std::string(f.name)] = {f.value.type(), ScalarOf(f.value)};
      out.field_order.emplace_back(f.name);
    }
  }
  return out;
}

bool ModelValue::SameBits(const ModelValue& other) const {
  if (type != other.type || fields.size() != other.fields.size()) return false;
  if (!SameScalar(scalar, other.scalar)) return false;
  return std::equal(fields.begin(), fields.end(), other.fields.begin(),
                    [](const auto& a, const auto& b) {
                      return a.first == b.first && a.second.first == b.second.first &&
                             SameScalar(a.second.second, b.second.second);
                    });
}

ModelStore::ModelStore(const Clock& clock) : state_(std::make_shared<State>(clock)) {}
ModelStore::~ModelStore() = default;

void ModelStore::SetTable(const TableSettings& settings) {
  const MutexLock lock(state_->mutex);
  state_->tables[settings.table].settings = settings;
}

Result<void> ModelStore::DropTable(TableId table) {
  const MutexLock lock(state_->mutex);
  State& s = *state_;
  if (s.tables.erase(table) == 0) return Error{Code::kNotFound, "no such table"};
  for (auto it = s.series.begin(); it != s.series.end();) {
    if (it->second.info->table != table) {
      ++it;
      continue;
    }
    s.by_key.erase(IndexKey(it->second.info->canonical_key, it->second.info->type));
    it = s.series.erase(it);
  }
  std::erase_if(s.sources, [&](const auto& entry) { return std::get<1>(entry.first) == table; });
  return {};
}

Result<void> ModelStore::DropOwner(ViewId view) {
  const MutexLock lock(state_->mutex);
  State& s = *state_;
  for (auto it = s.series.begin(); it != s.series.end();) {
    if (it->second.info->owner.view != view) {
      ++it;
      continue;
    }
    s.by_key.erase(IndexKey(it->second.info->canonical_key, it->second.info->type));
    it = s.series.erase(it);
  }
  s.views.erase(view);
  return {};
}

void ModelStore::SetReservations(std::vector<Reservation> reservations) {
  const MutexLock lock(state_->mutex);
  state_->reservations = std::move(reservations);
}

std::vector<std::string> ModelStore::OwnerlessNamesOf(TableId table, std::string_view name_template,
                                                      size_t count_max) {
  const MutexLock lock(state_->mutex);
  std::set<std::string> names;
  for (const auto& [ref, series] : state_->series) {
    const SeriesInfo& info = *series.info;
    if (series.defined && info.table == table && info.owner.none() &&
        MatchesTemplate(name_template, info.measure)) {
      names.insert(info.measure);
    }
  }
  std::vector<std::string> out(names.begin(), names.end());
  if (out.size() > count_max) out.resize(count_max);
  return out;
}

Result<void> ModelStore::Adopt(TableId table, std::string_view name_template, Owner owner) {
  const MutexLock lock(state_->mutex);
  State& s = *state_;
  for (auto& [ref, series] : s.series) {
    if (series.info->table != table || !series.info->owner.none() ||
        !MatchesTemplate(name_template, series.info->measure)) {
      continue;
    }
    auto info = std::make_shared<SeriesInfo>(*series.info);
    info->owner = owner;
    info->canonical_key = CanonicalKey(*info);
    if (s.by_key.contains(IndexKey(info->canonical_key, info->type))) continue;
    s.by_key.erase(IndexKey(series.info->canonical_key, info->type));
    s.by_key[IndexKey(info->canonical_key, info->type)] = ref;
    series.info = std::move(info);
  }
  return {};
}

Result<std::vector<Resolved>> ModelStore::Resolve(std::span<const SeriesKeyView> keys) {
  const MutexLock lock(state_->mutex);
  State& s = *state_;
  std::vector<Resolved> out;
  for (const SeriesKeyView& key : keys) {
    if (!s.tables.contains(key.table)) return Error{Code::kNotFound, "no such table"};
    SeriesInfo info;
    info.table = key.table;
    info.measure = key.measure;
    info.type = key.type;
    info.owner = key.owner;
    info.canonical_key = CanonicalKey(key);
    for (const DimensionView& d : key.dimensions) {
      info.dimensions.push_back({std::string(d.name), std::string(d.value)});
    }
    std::sort(info.dimensions.begin(), info.dimensions.end());
    if (const Reservation* by = s.ReservedBy(key.table, key.measure);
        by != nullptr && key.owner.none()) {
      out.push_back({{}, RejectReason::kSeriesReserved, ReservedText(by->view_name)});
      continue;
    }
    const std::string index_key = IndexKey(info.canonical_key, info.type);
    if (const auto found = s.by_key.find(index_key); found != s.by_key.end()) {
      Resolved resolved{found->second, RejectReason::kNone, {}};
      if (!s.series.at(found->second).defined) {
        Resolved bad = s.CheckSchema(info, nullptr);
        if (bad.rejection != RejectReason::kNone) resolved = std::move(bad);
      }
      if (s.refuse) return Error{Code::kResourceExhausted, "the store's memory budget is full"};
      out.push_back(std::move(resolved));
      continue;
    }
    if (Resolved bad = s.CheckSchema(info, nullptr); bad.rejection != RejectReason::kNone) {
      out.push_back(std::move(bad));
      continue;
    }
    // Opaque on purpose: not dense, high half in use.
    const Hash128 hash = HashKey128(index_key);
    info.ref = {hash.hi, hash.lo ^ s.next_series++};
    const SeriesRef ref = info.ref;
    ModelSeries series;
    series.partition = static_cast<uint32_t>(hash.lo % kPartitions);
    series.info = std::make_shared<const SeriesInfo>(std::move(info));
    s.by_key[index_key] = ref;
    s.series.emplace(ref, std::move(series));
    out.push_back({ref, RejectReason::kNone, {}});
  }
  return out;
}

std::shared_ptr<const SeriesInfo> ModelStore::Describe(SeriesRef series) {
  const MutexLock lock(state_->mutex);
  const auto it = state_->series.find(series);
  return it == state_->series.end() ? nullptr : it->second.info;
}

const Reservation* ModelStore::State::ReservedBy(TableId table, std::string_view measure) const {
  for (const Reservation& r : reservations) {
    if (r.target == table && MatchesTemplate(r.name_template, measure)) return &r;
  }
  return nullptr;
}

Resolved ModelStore::State::CheckSchema(const SeriesInfo& info, const ModelValue* value) const {
  const ModelTable& table = tables.at(info.table);
  const auto reject = [](RejectReason reason, std::string text) {
    return Resolved{{}, reason, std::move(text)};
  };
  if (const auto it = table.measures.find(info.measure); it == table.measures.end()) {
    if (table.measures.size() >= kTableMeasuresMax) {
      return reject(RejectReason::kTableLimit, MeasureLimitText());
    }
  } else if (it->second != info.type) {
    return reject(RejectReason::kTypeConflict,
                  MeasureTypeText(info.measure, it->second, info.type));
  }
  size_t dimensions = table.dimensions.size();
  for (const Dimension& d : info.dimensions) {
    if (table.fields.contains(d.name))
      return reject(RejectReason::kTypeConflict, NameClashText(d.name));
    if (std::find(table.dimensions.begin(), table.dimensions.end(), d.name) ==
        table.dimensions.end()) {
      ++dimensions;
    }
  }
  if (dimensions > kTableDimensionsMax)
    return reject(RejectReason::kTableLimit, DimensionLimitText());
  if (value == nullptr) return {};
  size_t fields = table.fields.size();
  for (const auto& [name, field] : value->fields) {
    const auto it = table.fields.find(name);
    if (it == table.fields.end()) {
      ++fields;
      const auto is_name = [&, n = name](const Dimension& d) { return d.name == n; };
      if (std::find(table.dimensions.begin(), table.dimensions.end(), name) !=
              table.dimensions.end() ||
          std::any_of(info.dimensions.begin(), info.dimensions.end(), is_name)) {
        return reject(RejectReason::kTypeConflict, NameClashText(name));
      }
    } else if (it->second != field.first) {
      return reject(RejectReason::kTypeConflict, FieldTypeText(name, it->second, field.first));
    }
  }
  if (fields > kTableFieldsMax) return reject(RejectReason::kTableLimit, FieldLimitText());
  return {};
}

void ModelStore::State::Define(ModelSeries& target, const ModelValue& value) {
  ModelTable& table = tables.at(target.info->table);
  const auto add_column = [&](const FieldDef& column) {
    if (std::find(table.columns.begin(), table.columns.end(), column) == table.columns.end()) {
      table.columns.push_back(column);
    }
  };
  if (!target.defined) {
    target.defined = true;
    table.measures[target.info->measure] = target.info->type;
    for (const Dimension& d : target.info->dimensions) {
      if (std::find(table.dimensions.begin(), table.dimensions.end(), d.name) ==
          table.dimensions.end()) {
        table.dimensions.push_back(d.name);
      }
    }
    if (target.info->type != ValueType::kMulti) add_column({"", target.info->type});
  }
  for (const std::string& name : value.field_order) {
    const ValueType type = value.fields.at(name).first;
    table.fields[name] = type;
    target.fields.insert(name);
    add_column({name, type});
  }
}

namespace {

// One batch being judged; the caller holds the lock.
class ModelWriter {
 public:
  ModelWriter(ModelStore::State& state, const WriteBatch& batch, WriteReply& reply)
      : state_(state), batch_(batch), reply_(reply) {}

  void Judge(size_t index);
  void Finish();

 private:
  void Reject(size_t index, RejectReason reason, std::string text,
              std::optional<int64_t> existing = std::nullopt) {
    reply_.outcomes.push_back(Outcome::kRejected);
    reply_.rejections.push_back({index, reason, existing, std::move(text)});
  }
  bool CheckOwner(size_t index, const SeriesInfo& info);

  ModelStore::State& state_;
  const WriteBatch& batch_;
  WriteReply& reply_;
  std::array<ModelFeedEntry, ModelStore::kPartitions> entries_;
  std::map<TableId, EventTime> direct_;
};

bool ModelWriter::CheckOwner(size_t index, const SeriesInfo& info) {
  if (info.owner.none()) {
    if (!batch_.owner.none()) {
      Reject(index, RejectReason::kSeriesReserved, "series is not maintained by the writing view");
      return false;
    }
    if (const Reservation* by = state_.ReservedBy(info.table, info.measure)) {
      Reject(index, RejectReason::kSeriesReserved, ReservedText(by->view_name));
      return false;
    }
    return true;
  }
  if (info.owner == batch_.owner) return true;
  const Reservation* by = state_.ReservedBy(info.table, info.measure);
  Reject(index, RejectReason::kSeriesReserved,
         ReservedText(by != nullptr ? by->view_name : std::to_string(info.owner.view.value)));
  return false;
}

void ModelWriter::Judge(size_t index) {
  const PointView& point = batch_.points[index];
  ModelSeries& series = state_.series.at(point.series);
  const SeriesInfo& info = *series.info;
  if (!CheckOwner(index, info)) return;
  const ModelValue value = ModelValue::From(point.value);
  const bool tombstone = value.type == ValueType::kNone;
  if (tombstone ? info.owner.none() : value.type != info.type) {
    Reject(index, RejectReason::kTypeConflict,
           tombstone ? "only rows of views can be deleted"
                     : MeasureTypeText(info.measure, info.type, value.type));
    return;
  }
  const ModelTable& table = state_.tables.at(info.table);
  const AcceptedWindow window = WindowOf(table.settings, state_.clock.Now(), batch_.time_check);
  if (!window.range.Contains(point.time)) {
    Reject(index, RejectReason::kTimeOutOfRange, TimeRangeText(window));
    return;
  }
  if (!series.defined || !value.fields.empty()) {
    if (Resolved bad = state_.CheckSchema(info, &value); bad.rejection != RejectReason::kNone) {
      Reject(index, bad.rejection, std::move(bad.text));
      return;
    }
  }
  const RowInfo row = point.row != nullptr && !info.owner.none() ? *point.row : RowInfo{};
  std::optional<StoredWrite> stored;
  const auto it = series.rows.find(point.time);
  if (it != series.rows.end()) {
    stored = StoredWrite{it->second.version,
                         it->second.value.SameBits(value) && (tombstone || it->second.row == row)};
  }
  const Verdict verdict =
      OrderWrites({batch_.rule, point.version, point.arrival, tombstone}, stored);
  if (verdict.outcome == Outcome::kRejected) {
    Reject(index, verdict.reason,
           verdict.reason == RejectReason::kVersionExists
               ? VersionExistsText()
               : VersionLowerText(point.version, stored->version),
           stored->version);
    return;
  }
  reply_.outcomes.push_back(verdict.outcome);
  ++(point.time >= window.memory_start ? reply_.memory_points : reply_.magnetic_points);
  if (verdict.outcome == Outcome::kUnchanged) return;
  state_.Define(series, value);
  series.rows[point.time] = {verdict.version, value, row};
  entries_[series.partition].points.push_back(
      {point.series, point.time, verdict.outcome == Outcome::kReplaced});
  if (info.owner.none()) {
    auto [clock, inserted] = direct_.emplace(info.table, point.time);
    if (!inserted) clock->second = std::max(clock->second, point.time);
  }
}

void ModelWriter::Finish() {
  std::vector<SourceProgress> sources = batch_.source_progress;
  if (batch_.direct_clock) {
    for (const auto& [table, time] : direct_) {
      SourceProgress progress;
      progress.source = {SourceId::Kind::kDirect, 0};
      progress.table = table;
      progress.max_event_time = time;
      sources.push_back(std::move(progress));
    }
  }
  for (SourceProgress& progress : sources) {
    SourceProgress& stored = state_.sources[{progress.source, progress.table, progress.partition}];
    progress.max_event_time = std::max(progress.max_event_time, stored.max_event_time);
    progress.floor = std::max(progress.floor, stored.floor);
    progress.whole_from = std::max(progress.whole_from, stored.whole_from);
    if (batch_.continues_from && (HoldsPosition(batch_.rule, reply_.rejections) ||
                                  stored.position != *batch_.continues_from)) {
      progress.position = stored.position;
    }
    stored = progress;
    for (ModelFeedEntry& entry : entries_) entry.brought_by.push_back(progress);
    entries_[0].sources.push_back(std::move(progress));
  }
  if (batch_.view_progress) {
    state_.views[batch_.view_progress->view] = *batch_.view_progress;
    entries_[0].views.push_back(*batch_.view_progress);
  }
  for (const RevisionEntry& entry : batch_.revisions) {
    if (const auto it = state_.series.find(entry.series); it != state_.series.end()) {
      state_.Define(it->second, {});
      it->second.revisions[entry.time].push_back(entry);
    }
    entries_[0].revisions.push_back(entry);
  }
  for (size_t p = 0; p < entries_.size(); ++p) {
    ModelFeedEntry& e = entries_[p];
    if (e.points.empty() && e.sources.empty() && e.views.empty() && e.revisions.empty()) continue;
    state_.feed[p].push_back(std::move(e));
  }
}

}  // namespace

void ModelStore::Write(const WriteBatch& batch, Completion<WriteReply> done) {
  std::vector<std::function<void()>> wakes;
  Result<WriteReply> result = [&]() -> Result<WriteReply> {
    const MutexLock lock(state_->mutex);
    State& s = *state_;
    if (s.refuse) return Error{Code::kResourceExhausted, "the store's memory budget is full"};
    for (const PointView& point : batch.points) {
      const auto it = s.series.find(point.series);
      if (it == s.series.end() || !s.tables.contains(it->second.info->table)) {
        return Error{Code::kNotFound, "write to an unknown series or table"};
      }
    }
    WriteReply reply;
    if (batch.view_progress) {
      const ViewProgress& now = *batch.view_progress;
      const auto it = s.views.find(now.view);
      if (it != s.views.end()) {
        const ViewProgress& was = it->second;
        const bool beyond =
            now.generation > was.generation ||
            (now.generation == was.generation && now.positions.Covers(was.positions) &&
             !(now.positions == was.positions));
        if (!beyond) {
          reply.outcomes.assign(batch.points.size(), Outcome::kUnchanged);
          reply.positions = s.End();
          return reply;
        }
      }
    }
    ModelWriter writer(s, batch, reply);
    for (size_t i = 0; i < batch.points.size(); ++i) writer.Judge(i);
    writer.Finish();
    reply.positions = s.End();
    for (const auto& [id, wake] : s.wakes) wakes.push_back(wake);
    return reply;
  }();
  for (const auto& wake : wakes) wake();
  done(std::move(result));
}

uint64_t ModelStore::SubscribeFeed(std::function<void()> wake) {
  const MutexLock lock(state_->mutex);
  const uint64_t id = state_->next_wake++;
  state_->wakes[id] = std::move(wake);
  return id;
}

void ModelStore::UnsubscribeFeed(uint64_t subscription) {
  const MutexLock lock(state_->mutex);
  state_->wakes.erase(subscription);
}

void ModelStore::TrimFeed(const Positions& positions) {
  const MutexLock lock(state_->mutex);
  for (uint32_t p = 0; p < kPartitions; ++p) {
    const auto end = static_cast<uint64_t>(state_->feed[p].size());
    state_->trimmed[p] = std::max(state_->trimmed[p], std::min(positions.offset(p), end));
  }
}

void ModelStore::Damage(TableId table, const std::string& file, TimeRange time) {
  const MutexLock lock(state_->mutex);
  state_->damage.push_back({table, {file, time, false}, false});
}

void ModelStore::AcceptGap(const std::string& file) {
  const MutexLock lock(state_->mutex);
  for (State::Damage& d : state_->damage) {
    if (d.range.file == file) d.range.accepted = d.met = true;
  }
}

void ModelStore::Repair(const std::string& file) {
  const MutexLock lock(state_->mutex);
  std::erase_if(state_->damage, [&](const State::Damage& d) { return d.range.file == file; });
}

std::vector<DamagedRange> ModelStore::Damaged(TableId table) {
  const MutexLock lock(state_->mutex);
  std::vector<DamagedRange> out;
  for (const State::Damage& d : state_->damage) {
    if (d.table == table && d.met) out.push_back(d.range);
  }
  return out;
}

Result<void> ModelStore::State::CheckReadable(TableId table, TimeRange range) {
  for (Damage& d : damage) {
    if (d.table != table || d.range.accepted) continue;
    if (d.range.time.end <= range.start || range.end <= d.range.time.start) continue;
    d.met = true;
    return Error{Code::kCorruption, "file " + d.range.file + " of table " +
                                        tables.at(table).settings.name + " is damaged"};
  }
  return {};
}

std::vector<DamagedRange> ModelStore::State::KnownGaps(TableId table, TimeRange range) const {
  std::vector<DamagedRange> out;
  for (const Damage& d : damage) {
    const bool touches = d.range.time.start < range.end && range.start < d.range.time.end;
    if (d.table == table && d.range.accepted && touches) out.push_back(d.range);
  }
  return out;
}

bool ModelStore::State::InKnownGap(TableId table, EventTime time) const {
  return std::any_of(damage.begin(), damage.end(), [&](const Damage& d) {
    return d.table == table && d.range.accepted && d.range.time.Contains(time);
  });
}

void ModelStore::State::FillGap(uint32_t partition, uint64_t from, FeedBatch& out) const {
  // As files would say it: wider than what changed, and one series that did not.
  constexpr nanoseconds kSlack = seconds(20);
  std::map<SeriesRef, TimeRange> changed;
  for (uint64_t i = from; i < trimmed[partition]; ++i) {
    for (const FeedPoint& point : feed[partition][i].points) {
      const TimeRange around{point.time - kSlack, point.time + kSlack};
      const auto [it, is_new] = changed.emplace(point.series, around);
      it->second.start = std::min(it->second.start, around.start);
      it->second.end = std::max(it->second.end, around.end);
    }
  }
  for (const auto& [ref, s] : series) {
    if (s.rows.empty() || s.partition != partition) continue;
    changed.emplace(ref, TimeRange{s.rows.begin()->first, s.rows.rbegin()->first + nanoseconds(1)});
    break;
  }
  for (const auto& [ref, range] : changed) {
    if (series.contains(ref)) out.changed.push_back({ref, range});
  }
  std::map<std::tuple<SourceId, TableId, uint32_t>, SourceProgress> newest;
  for (uint64_t i = 0; i < trimmed[partition]; ++i) {
    for (const SourceProgress& s : feed[partition][i].sources) {
      newest[{s.source, s.table, s.partition}] = s;
    }
  }
  for (auto& [key, progress] : newest) out.sources.push_back(std::move(progress));
}

void ModelStore::SetRefusal(Refusal refusal) {
  const MutexLock lock(state_->mutex);
  state_->refuse = refusal.full;
}

}  // namespace tidemark::store
