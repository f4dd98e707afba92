// SPDX-License-Identifier: Apache-2.0
// Pipelines (web/API.md section 5): starting and stopping, positions, dead letters.
#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <tuple>

#include "api/console/dead_letters_internal.h"
#include "api/console/kept_objects_internal.h"
#include "api/console/payload_internal.h"
#include "api/console/streams_internal.h"

namespace tidemark::console {
namespace {

constexpr size_t kSampleBytesMax = 4096;
constexpr size_t kPutRecords = 500;  // of one append
constexpr size_t kPutBytes = size_t{4} << 20U;

Answer OnPipeline(Core& core, const Call& call, const Result<void>& done) {
  return core.OfPipeline(done.ok() ? core.status.Pipeline(call.path[1]) : done.error());
}

Answer Start(Core& core, Call& call) {
  const auto body = ParseBody(call.request.body, {"from", "replace"});
  if (!body.ok()) return core.Fail(body.error());
  pipeline::StartFrom from;
  if (const JsonValue* wished = body->Find("from"); wished != nullptr) {
    auto read = pipeline::ReadStartFrom(wished->is_string() ? wished->string_value() : "");
    if (!read.ok()) return core.Fail(InvalidRequest(read.error().message, "from"));
    from = std::move(read).value();
  }
  if (const JsonValue* replace = body->Find("replace"); replace != nullptr) {
    if (replace->kind() != JsonValue::Kind::kBool) {
      return core.Fail(InvalidRequest("it must be true or false", "replace"));
    }
    if (replace->bool_value()) from.replay = pipeline::StartFrom::Replay::kReplace;
  }
  return OnPipeline(core, call, core.deps.admin.StartPipeline(call.path[1], std::move(from)));
}

// ---- savepoints

void WriteSavepoint(JsonWriter& out, const Core& core, const pipeline::PipelineStatus& status,
                    const catalog::SavepointDef& savepoint) {
  const auto stream = core.deps.log.Find(status.definition.stream);
  out.BeginObject();
  WriteText(out, "name", savepoint.name);
  WriteI64(out, "created", std::optional(savepoint.created.AsEventTime()));
  WriteText(out, "definition", savepoint.definition);
  out.Key("differs").Bool(savepoint.definition != status.definition.definition);
  out.Key("partitions").BeginArray();
  for (const auto& [number, position] : savepoint.partitions) {
    out.BeginObject();
    WriteI64(out, "number", uint64_t{number});
    WriteTextOrNull(
        out, "sequence",
        stream == nullptr ? "" : pipeline::SequenceOfPosition(*stream, number, position));
    out.EndObject();
  }
  out.EndArray().EndObject();
}

Answer GetSavepoints(Core& core, Call& call) {
  const auto status = core.deps.pipelines.Status(call.path[1]);
  if (!status.ok()) return core.Fail(ToFailure(status.error(), "pipeline_not_found"));
  JsonWriter out;
  out.BeginObject().Key("items").BeginArray();
  for (const auto& one : status->definition.savepoints) WriteSavepoint(out, core, *status, one);
  out.EndArray().EndObject();
  return Replies::Ok(std::move(out).Take());
}

Answer MakeSavepoint(Core& core, Call& call) {
  const auto body = ParseBody(call.request.body, {"name"});
  if (!body.ok()) return core.Fail(body.error());
  std::string name;
  if (const auto failure = ReadText(*body, "name", 128, name)) return core.Fail(*failure);
  const auto status = core.deps.pipelines.Status(call.path[1]);
  if (!status.ok()) return core.Fail(ToFailure(status.error(), "pipeline_not_found"));
  const auto made = core.deps.pipelines.Save(call.path[1], name);
  if (!made.ok()) {
    return core.Fail(made.error().code == Code::kInvalidArgument
                         ? InvalidRequest(made.error().message, "name")
                         : ToFailure(made.error(), "pipeline_not_found"));
  }
  JsonWriter out;
  WriteSavepoint(out, core, *status, *made);
  return Replies::Ok(std::move(out).Take());
}

Answer DropSavepoint(Core& core, Call& call) {
  const auto status = core.deps.pipelines.Status(call.path[1]);
  if (!status.ok()) return core.Fail(ToFailure(status.error(), "pipeline_not_found"));
  const auto dropped = core.deps.pipelines.DeleteSavepoint(call.path[1], call.path[3]);
  if (!dropped.ok()) return core.Fail(ToFailure(dropped.error(), "savepoint_not_found"));
  return NoContent();
}

Answer Stop(Core& core, Call& call) {
  return OnPipeline(core, call, core.deps.admin.StopPipeline(call.path[1]));
}

Answer GetPositions(Core& core, Call& call) {
  const auto status = core.deps.pipelines.Status(call.path[1]);
  if (!status.ok()) return core.Fail(ToFailure(status.error(), "pipeline_not_found"));
  const auto positions = core.deps.pipelines.Positions(call.path[1]);
  if (!positions.ok()) return core.Fail(positions.error());
  const ArrivalTime now = core.deps.clock.Now();
  JsonWriter out;
  out.BeginObject();
  WriteText(out, "state", pipeline::PipelineStateName(status->state));
  WriteText(out, "start",
            status->definition.start == catalog::StartAt::kLatest ? "latest" : "trim_horizon");
  WriteI64(out, "idle_timeout_ms", int64_t{status->definition.idle_timeout / milliseconds(1)});
  out.Key("items").BeginArray();
  for (const pipeline::PartitionPosition& position : *positions) {
    out.BeginObject();
    WriteText(out, "partition", position.partition);
    WriteTextOrNull(out, "sequence", position.sequence);
    WriteTextOrNull(out, "oldest_sequence", position.oldest);
    WriteTextOrNull(out, "newest_sequence", position.newest);
    WriteI64(out, "unread", position.unread);
    WriteI64(out, "behind_ms",
             position.oldest_unread ? std::max<int64_t>(0, (now - *position.oldest_unread).count())
                                    : int64_t{0});
    WriteI64(out, "max_event_time", position.max_event_time);
    out.Key("idle").Bool(position.idle);
    WriteTextOrNull(out, "highest_sequence", position.highest);
    WriteI64(out, "gap_records", position.gap_records);
    WriteI64(out, "gap_until",
             position.gap_until ? std::optional(position.gap_until->AsEventTime()) : std::nullopt);
    WriteI64(out, "whole_from", position.whole_from);
    WriteTextOrNull(out, "stopped", position.stopped);
    out.EndObject();
  }
  out.EndArray().EndObject();
  return Replies::Ok(std::move(out).Take());
}

// ---- dead letters

/// The streams of one pipeline's dead letters, or why there are none.
struct LetterBox {
  StreamPtr dead;
  StreamPtr source;  // null: it is gone
};

Outcome<LetterBox> FindBox(Core& core, const std::string& name) {
  const auto status = core.deps.pipelines.Status(name);
  if (!status.ok()) return std::unexpected(ToFailure(status.error(), "pipeline_not_found"));
  LetterBox box{core.deps.log.Find(pipeline::DeadLetterStreamOf(name)),
                core.deps.log.Find(status->definition.stream)};
  if (box.dead != nullptr) return box;
  return std::unexpected(ToFailure(
      Error{Code::kNotFound, "The stream of its dead letters was deleted."}, "stream_not_found"));
}

struct Group {
  uint64_t count = 0;
  uint64_t whole = 0;  // may be put again
  ArrivalTime first;
  std::deque<Letter> samples;  // the newest last
};
using GroupKey = std::tuple<std::string, std::string, std::string>;  // reason, field, pattern

void WriteSample(JsonWriter& out, const Letter& letter, const Originals& originals) {
  out.BeginObject();
  WriteText(out, "id", letter.id);
  WriteI64(out, "at", std::optional(letter.at.AsEventTime()));
  WriteText(out, "shard", letter.shard);
  WriteText(out, "sequence", letter.sequence);
  out.Key("key");
  letter.key ? out.String(*letter.key) : out.Null();
  WriteI64(out, "arrival",
           letter.arrival ? std::optional(letter.arrival->AsEventTime()) : std::nullopt);
  WriteI64(out, "bytes", letter.bytes);
  WriteShortened(out, letter.data, kSampleBytesMax);
  out.Key("resubmittable").Bool(originals.Has(letter)).EndObject();
}

Answer GetErrors(Core& core, Call& call) {
  const auto samples = QueryInt(call.request, "samples", {1, 20, 3});
  if (!samples) return core.Fail(samples.error());
  const auto box = FindBox(core, call.path[1]);
  if (!box) return core.Fail(box.error());
  const Originals originals(box->source);
  std::map<GroupKey, Group> groups;
  uint64_t seen = 0;
  const auto kept = ReadLetters(*box->dead, [&](Letter letter) {
    ++seen;
    GroupKey key{letter.reason, letter.field, PatternOf(letter.message)};
    // What is left over has one group a reason and field.
    if (groups.size() >= kGroupsMax && !groups.contains(key)) std::get<2>(key).clear();
    Group& group = groups[key];
    if (group.count++ == 0) group.first = letter.at;
    if (originals.Has(letter)) ++group.whole;
    group.samples.push_back(std::move(letter));
    if (group.samples.size() > static_cast<size_t>(*samples)) group.samples.pop_front();
    return true;
  });
  if (!kept.ok()) return core.Fail(kept.error());
  std::vector<const Group*> newest_first;
  for (const auto& [key, group] : groups) newest_first.push_back(&group);
  std::ranges::sort(newest_first, [](const Group* a, const Group* b) {
    return a->samples.back().id > b->samples.back().id;
  });
  JsonWriter out;
  out.BeginObject();
  WriteText(out, "stream", box->dead->name());
  WriteI64(out, "total", *kept);
  out.Key("complete").Bool(*kept <= kLettersMax);
  out.Key("groups").BeginArray();
  for (const Group* group : newest_first) {
    const Letter& last = group->samples.back();
    out.BeginObject();
    WriteText(out, "stage", last.stage);
    WriteText(out, "reason", last.reason);
    WriteTextOrNull(out, "field", last.field);
    WriteText(out, "message", last.message);
    WriteI64(out, "count", group->count);
    WriteI64(out, "first", std::optional(group->first.AsEventTime()));
    WriteI64(out, "last", std::optional(last.at.AsEventTime()));
    WriteI64(out, "resubmittable", group->whole);
    out.Key("samples").BeginArray();
    for (auto it = group->samples.rbegin(); it != group->samples.rend(); ++it) {
      WriteSample(out, *it, originals);
    }
    out.EndArray().EndObject();
  }
  out.EndArray().EndObject();
  return Replies::Ok(std::move(out).Take());
}

/// Which letters are meant.
struct Wish {
  std::set<std::string> ids;
  std::string after;  // letters up to this one were meant by a call before
  std::optional<std::string> reason;
  std::optional<std::string> field;
  std::optional<std::string> pattern;
  Edits edits;

  bool Means(const Letter& letter) const {
    return letter.id > after && (ids.empty() || ids.contains(letter.id)) &&
           (!reason || *reason == letter.reason) && (!field || *field == letter.field) &&
           (!pattern || *pattern == PatternOf(letter.message));
  }
};

std::optional<Failure> ReadWish(const std::string& text, Wish& out) {
  const auto body = ParseBody(text, {"ids", "reason", "field", "message", "all", "after", "set"});
  if (!body.ok()) return ToFailure(body.error());
  if (const JsonValue* ids = body->Find("ids"); ids != nullptr) {
    if (!ids->is_array() || ids->array().empty() || ids->array().size() > kResubmitMax) {
      return InvalidRequest("it must be a list of 1 to 10000 ids", "ids");
    }
    for (const JsonValue& id : ids->array()) {
      if (!id.is_string()) return InvalidRequest("an id is a text", "ids");
      out.ids.insert(id.string_value());
    }
  }
  const auto read = [&](std::string_view member, std::optional<std::string>& to) {
    const JsonValue* value = body->Find(member);
    if (value == nullptr) return true;
    if (!value->is_string() && !value->is_null()) return false;
    to = value->is_null() ? std::string() : value->string_value();
    return true;
  };
  for (const auto& [member, to] : {std::pair("reason", &out.reason), std::pair("field", &out.field),
                                   std::pair("message", &out.pattern)}) {
    if (!read(member, *to)) return InvalidRequest("it must be a string", member);
  }
  if (out.pattern) out.pattern = PatternOf(*out.pattern);
  if (const JsonValue* set = body->Find("set"); set != nullptr) {
    if (!set->is_object()) return InvalidRequest("it must be an object of texts", "set");
    for (const auto& [field, value] : set->object()) {
      if (!value.is_string()) return InvalidRequest("it must be an object of texts", "set");
      out.edits.insert_or_assign(field, value.string_value());
    }
  }
  if (auto failure = ReadText(*body, "after", 64, out.after)) return failure;
  const JsonValue* all = body->Find("all");
  const bool every = all != nullptr && all->kind() == JsonValue::Kind::kBool && all->bool_value();
  if (out.ids.empty() && !out.reason && !out.field && !out.pattern && !every) {
    return InvalidRequest("it must say which: ids, reason, field and message, or all");
  }
  return std::nullopt;
}

/// Puts batches one after the other; each completion starts the next. Shared by its completions.
struct Resubmission : std::enable_shared_from_this<Resubmission> {
  Resubmission(std::shared_ptr<Core> c, StreamPtr stream)
      : core(std::move(c)), to(std::move(stream)) {}

  void Next() {
    if (batches.empty()) {
      JsonWriter out;
      out.BeginObject();
      WriteI64(out, "resubmitted", resubmitted);
      WriteI64(out, "skipped", skipped);
      out.Key("more").Bool(more);
      WriteTextOrNull(out, "last", last);
      out.EndObject();
      responder->Send(Replies::Ok(std::move(out).Take()));
      return;
    }
    log::PutBatch batch = std::move(batches.front());
    batches.pop_front();
    const size_t records = batch.size();
    to->Append(std::move(batch), [self = shared_from_this(),
                                  records](const Result<std::vector<log::PutResult>>& places) {
      if (!places.ok()) {
        Failure failure = ToFailure(places.error(), "stream_not_found");
        failure.message += " (" + std::to_string(self->resubmitted) + " were put before)";
        self->responder->Send(self->core->Fail(failure));
        return;
      }
      self->resubmitted += records;
      self->Next();
    });
  }

  const std::shared_ptr<Core> core;
  const StreamPtr to;
  std::deque<log::PutBatch> batches;
  uint64_t resubmitted = 0;
  uint64_t skipped = 0;
  bool more = false;
  std::string last;  // of the letters that were meant
  std::optional<http::Responder> responder;
};

Answer Resubmit(Core& core, Call& call) {
  Wish wish;
  if (const auto failure = ReadWish(call.request.body, wish)) return core.Fail(*failure);
  const auto box = FindBox(core, call.path[1]);
  if (!box) return core.Fail(box.error());
  if (box->source == nullptr) {
    return core.Fail(ToFailure(Error{Code::kNotFound, "The pipeline's stream was deleted."},
                               "stream_not_found"));
  }
  const auto work = std::make_shared<Resubmission>(core.shared_from_this(), box->source);
  const Originals originals(box->source);
  size_t records = 0;
  size_t bytes = 0;
  const auto read = ReadLetters(*box->dead, [&](const Letter& letter) {
    if (!wish.Means(letter)) return true;
    if (records >= kResubmitMax || bytes >= kResubmitBytesMax) {
      work->more = true;
      return false;
    }
    work->last = letter.id;
    if (work->batches.empty() || work->batches.back().size() >= kPutRecords ||
        work->batches.back().bytes() >= kPutBytes) {
      work->batches.push_back(box->source->NewBatch());
    }
    log::PutBatch& batch = work->batches.back();
    const size_t before = batch.bytes();
    if (!originals.Add(letter, wish.edits, batch)) {
      ++work->skipped;
      return true;
    }
    ++records;
    bytes += batch.bytes() - before;
    return true;
  });
  if (!read.ok()) return core.Fail(read.error());
  if (records == 0 && work->skipped == 0) {
    return core.Fail(
        ToFailure(Error{Code::kNotFound, "No dead letter is like that."}, "letter_not_found"));
  }
  std::erase_if(work->batches, [](const log::PutBatch& batch) { return batch.size() == 0; });
  work->responder.emplace(std::move(call.responder));
  work->Next();
  return std::nullopt;
}

constexpr Route kRoutes[] = {
    {"GET", "pipelines",
     [](Core& core, Call&) -> Answer { return Replies::Ok(core.status.Pipelines()); }},
    {"GET", "pipelines/*",
     [](Core& core, Call& call) -> Answer {
       return core.OfPipeline(core.status.Pipeline(call.path[1]));
     }},
    {"POST", "pipelines/*/start", Start},
    {"POST", "pipelines/*/stop", Stop},
    {"GET", "pipelines/*/positions", GetPositions},
    {"GET", "pipelines/*/savepoints", GetSavepoints},
    {"POST", "pipelines/*/savepoints", MakeSavepoint},
    {"DELETE", "pipelines/*/savepoints/*", DropSavepoint},
    {"GET", "pipelines/*/errors", GetErrors},
    {"POST", "pipelines/*/errors:resubmit", Resubmit},
};

}  // namespace

std::span<const Route> PipelineRoutes() { return kRoutes; }

}  // namespace tidemark::console
