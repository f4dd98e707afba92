// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "api/console/activity_routes_internal.h"
#include "api/console/live_internal.h"
#include "base/logging.h"
#include "base/numbers.h"

namespace tidemark::console {
namespace {

constexpr nanoseconds kTick = milliseconds(250);
constexpr nanoseconds kTableInterval = milliseconds(500);  // two events per second and table
constexpr nanoseconds kGraphInterval = milliseconds(990);
constexpr nanoseconds kHeartbeatAfter = seconds(15);
constexpr size_t kSlowBytes = 64 * 1024;      // waiting: send no more until it was taken
constexpr size_t kPointsPerTick = 1'000'000;  // of the feed
constexpr size_t kTopicsMax = 64;
constexpr size_t kMeasuresNamedMax = 200;  // more: all of them, an empty list
constexpr size_t kObjectsMax = 50;         // of one event: lists are read again anyway
constexpr std::string_view kTablePrefix = "table:";

std::string TopicOf(const catalog::TableDef& table) {
  return std::string(kTablePrefix) + table.database_name + "." + table.name;
}

/// The value of `name` in a raw query, still encoded: a comma inside a topic is %2C.
std::string_view RawValue(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    const size_t equals = pair.find('=');
    if (equals != std::string_view::npos && pair.substr(0, equals) == name) {
      return pair.substr(equals + 1);
    }
  }
  return {};
}

}  // namespace

Live::Live(const ServiceOptions& options, const ServiceDeps& deps, const Status& status,
           Replies& replies)
    : options_(options),
      deps_(deps),
      status_(status),
      replies_(replies),
      epoch_(std::to_string(deps.clock.Now().ms)),
      tracker_(deps.store, deps.clock),
      activity_(deps.catalog.NewestActivity()) {}

// ---- opening

Result<Live::Topics> Live::ParseTopics(const http::Request& request) const {
  Topics topics;
  std::string_view rest = RawValue(request.query, "topics");
  while (!rest.empty()) {
    const size_t end = std::min(rest.find(','), rest.size());
    const std::string topic = http::PercentDecode(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (topic == "graph") {
      topics.graph = true;
    } else if (std::string_view(topic).starts_with(kTablePrefix) &&
               topic.find('.') != std::string::npos) {
      topics.tables.insert(topic);
    } else {
      return Error{Code::kInvalidArgument, "unknown topic \"" + topic + "\""};
    }
    if (topics.tables.size() > kTopicsMax) {
      return Error{Code::kInvalidArgument, "more than 64 topics"};
    }
  }
  if (!topics.graph && topics.tables.empty()) {
    return Error{Code::kInvalidArgument, "no topic was asked for"};
  }
  return topics;
}

std::optional<uint64_t> Live::ResumePoint(const http::Request& request, const Topics& topics) {
  const std::string_view last = request.Find("Last-Event-ID").value_or("");
  const size_t dash = last.find('-');
  if (dash == std::string_view::npos || last.substr(0, dash) != epoch_) return std::nullopt;
  const auto number = ParseInt64(last.substr(dash + 1));
  if (!number || *number < 0) return std::nullopt;
  const auto after = static_cast<uint64_t>(*number);
  if (after > number_ || after < forgotten_) return std::nullopt;
  for (const std::string& topic : topics.tables) {
    const auto interest = interests_.find(topic);
    if (interest == interests_.end() || interest->second.since > after) return std::nullopt;
  }
  return after;
}

namespace {

bool MayListen(const ShareAccess& share, bool graph, const std::set<std::string>& tables) {
  return !graph && std::ranges::all_of(tables, [&](const std::string& topic) {
    return std::ranges::any_of(share.tables, [&](const auto& table) {
      return topic == "table:" + table.first + "." + table.second;
    });
  });
}

}  // namespace

void Live::Open(const http::Request& request, const ShareAccess* share, http::Responder responder) {
  const auto topics = ParseTopics(request);
  if (!topics.ok()) {
    responder.Send(replies_.Fail(InvalidRequest(topics.error().message, "topics")));
    return;
  }
  if (share != nullptr && !MayListen(*share, topics->graph, topics->tables)) {
    Failure failure;
    failure.status = 403;
    failure.code = "forbidden";
    failure.message = "The link's dashboard does not read these topics.";
    responder.Send(replies_.Fail(failure));
    return;
  }
  const MonotonicTime now = deps_.clock.Monotonic();
  const MutexLock lock(mutex_);
  Forget(now);
  if (closed_) {
    responder.Send(replies_.Fail(ToFailure(Error{Code::kUnavailable, "the server is stopping"})));
    return;
  }
  if (listeners_.size() >= options_.live_streams_max) {
    responder.Send(replies_.Fail(
        ToFailure(Error{Code::kResourceExhausted, "too many live connections are open"})));
    return;
  }
  const auto resumed = ResumePoint(request, *topics);
  if (!topics->tables.empty() && !start_at_) start_at_ = deps_.store.End();
  for (const std::string& topic : topics->tables) {
    interests_.try_emplace(topic, Interest{.since = number_, .last_used = now})
        .first->second.last_used = now;
  }
  auto listener = std::make_unique<Listener>();
  listener->gone = std::make_shared<std::atomic<bool>>(false);
  listener->graph = topics->graph;
  listener->graph_due = topics->graph;
  listener->tables = topics->tables;
  listener->stream = responder.StartStream({{"Content-Type", "text/event-stream"},
                                            {"Cache-Control", "no-store"},
                                            {"X-Accel-Buffering", "no"}});
  listener->stream->OnClosed([gone = listener->gone] { gone->store(true); });
  JsonWriter hello;
  WriteText(hello, "version", options_.version);
  WriteText(hello, "epoch", epoch_);
  hello.Key("resumed").Bool(resumed.has_value());
  // `hello` says where the reader stands and takes no number: a connection that breaks before the
  // replay arrives resumes at the same place.
  std::string text = "retry: 2000\n\n";
  text += Event(resumed.value_or(number_), "hello", "hello", hello.text());
  if (resumed) text += Replay(*resumed, *topics);
  Write(*listener, std::move(text), now);
  listeners_.push_back(std::move(listener));
}

/// What the topics missed, one event per topic.
std::string Live::Replay(uint64_t after, const Topics& topics) {
  std::map<std::string, Dirty> missed;
  for (const Sent& sent : sent_) {
    if (sent.number > after && topics.tables.contains(sent.topic)) {
      missed[sent.topic].Merge(sent.dirty);
    }
  }
  std::string out;
  for (const auto& [topic, dirty] : missed) out += TableEvent(++number_, topic, dirty);
  return out;
}

// ---- events

std::string Live::Event(uint64_t number, std::string_view name, std::string_view topic,
                        std::string_view members) const {
  JsonWriter head;
  WriteText(head, "topic", topic);
  WriteText(head, "at", FormatIso8601Millis(deps_.clock.Now().AsEventTime()));
  std::string out = "id: " + epoch_ + "-" + std::to_string(number) + "\nevent: ";
  // JSON has no raw newline, so that one data line is enough.
  out.append(name).append("\ndata: {").append(head.text());
  if (!members.empty()) out.append(",").append(members);
  return out.append("}\n\n");
}

std::string Live::TableEvent(uint64_t number, std::string_view topic, const Dirty& dirty) {
  // Names may hold dots, so that the topic alone does not say where the database ends.
  const auto interest = interests_.find(topic);
  TM_CHECK(interest != interests_.end());
  JsonWriter out;
  WriteText(out, "database", interest->second.database);
  WriteText(out, "table", interest->second.table);
  out.Key("dirty").BeginObject().Key("measures").BeginArray();
  if (dirty.measures.size() <= kMeasuresNamedMax) {
    for (const std::string& measure : dirty.measures) out.String(measure);
  }
  out.EndArray();
  WriteI64(out, "from", std::optional(dirty.first));
  WriteI64(out, "to", std::optional(dirty.last));
  out.Key("kinds").BeginArray();
  if ((dirty.kinds & Dirty::kRaw) != 0) out.String("raw");
  if ((dirty.kinds & Dirty::kView) != 0) out.String("view");
  if ((dirty.kinds & Dirty::kRevision) != 0) out.String("revision");
  out.EndArray().EndObject();
  return Event(number, "table", topic, out.text());
}

bool Live::Slow(const Listener& listener) { return listener.stream->bytes_waiting() > kSlowBytes; }

void Live::Write(Listener& listener, std::string text, MonotonicTime now) {
  if (listener.gone->load()) return;
  // A refusal of so little means that nobody will read it: let the reader come again.
  if (!listener.stream->Write(std::move(text))) listener.gone->store(true);
  listener.written = now;
}

// ---- sending

void Live::Forget(MonotonicTime now) {
  std::erase_if(listeners_, [](const auto& listener) { return listener->gone->load(); });
  for (const auto& listener : listeners_) {
    for (const std::string& topic : listener->tables) {
      const auto found = interests_.find(topic);
      if (found != interests_.end()) found->second.last_used = now;
    }
  }
  std::erase_if(interests_, [&](const auto& entry) {
    return now - entry.second.last_used > options_.live_replay_max;
  });
  while (!sent_.empty() && (now - sent_.front().at > options_.live_replay_max ||
                            sent_.size() > options_.live_replay_events_max ||
                            sent_bytes_ > options_.live_replay_bytes_max)) {
    forgotten_ = sent_.front().number;
    sent_bytes_ -= sent_.front().bytes;
    sent_.pop_front();
  }
}

void Live::Collect(const std::vector<catalog::TableDef>& tables, std::map<TableId, Dirty> changed) {
  for (const catalog::TableDef& table : tables) {
    const auto found = changed.find(table.id);
    if (found == changed.end()) continue;
    const auto entry = interests_.find(TopicOf(table));
    if (entry == interests_.end()) continue;
    Interest& interest = entry->second;
    interest.database = table.database_name;
    interest.table = table.name;
    if (!interest.waiting) interest.waiting.emplace();
    interest.waiting->Merge(found->second);
  }
}

void Live::SendTables(MonotonicTime now) {
  for (auto& [topic, interest] : interests_) {
    if (!interest.waiting || now - interest.last_sent < kTableInterval) continue;
    const uint64_t number = ++number_;
    const std::string text = TableEvent(number, topic, *interest.waiting);
    for (const auto& listener : listeners_) {
      if (!listener->tables.contains(topic)) continue;
      // Numbers ascend per reader: behind something missed everything waits.
      if (Slow(*listener) || !listener->missed.empty()) {
        listener->missed[topic].Merge(*interest.waiting);
      } else {
        Write(*listener, text, now);
      }
    }
    sent_.push_back({number, now, topic, std::move(*interest.waiting), text.size()});
    sent_bytes_ += text.size();
    interest.waiting.reset();
    interest.last_sent = now;
  }
}

void Live::SendMissed(MonotonicTime now) {
  for (const auto& listener : listeners_) {
    if (listener->missed.empty() || Slow(*listener)) continue;
    for (const auto& [topic, dirty] : listener->missed) {
      Write(*listener, TableEvent(++number_, topic, dirty), now);
    }
    listener->missed.clear();
  }
}

void Live::SendGraph(const std::string& members, MonotonicTime now) {
  const std::string text = Event(++number_, "graph", "graph", members);
  for (const auto& listener : listeners_) {
    if (!listener->graph) continue;
    // A slow reader gets the newest one later.
    listener->graph_due = Slow(*listener) || !listener->missed.empty();
    if (!listener->graph_due) Write(*listener, text, now);
  }
  graph_sent_ = now;
}

void Live::SendObjects(const std::vector<catalog::Activity>& activities, MonotonicTime now) {
  JsonWriter out;
  WriteActivities(out, activities);
  const std::string text = Event(++number_, "object", "graph", out.text());
  for (const auto& listener : listeners_) {
    // One who misses it is slow, and gets a whole graph later: its lists are read by then.
    if (listener->graph && !Slow(*listener) && listener->missed.empty()) {
      Write(*listener, text, now);
    }
  }
}

void Live::Heartbeat(MonotonicTime now) {
  for (const auto& listener : listeners_) {
    if (now - listener->written >= kHeartbeatAfter && !Slow(*listener)) {
      Write(*listener, ": hb\n\n", now);
    }
  }
}

std::map<TableId, Dirty> Live::ReadFeed(const std::optional<store::Positions>& start_at,
                                        const std::vector<catalog::TableDef>& tables) {
  if (!tracker_.started()) {
    const auto started = tracker_.Start(start_at ? *start_at : deps_.store.End());
    if (!started.ok()) {
      Log(LogLevel::kWarning, "console", "live updates cannot read the feed",
          {{"error", started.error().message}});
      return {};
    }
  }
  std::vector<TableId> ids;
  for (const catalog::TableDef& table : tables) ids.push_back(table.id);
  tracker_.Drain(kPointsPerTick, ids);
  return tracker_.Take();
}

std::optional<MonotonicTime> Live::Tick() {
  const MonotonicTime now = deps_.clock.Monotonic();
  bool graph_wanted = false;
  bool objects_wanted = false;
  bool tables_wanted = false;
  std::optional<store::Positions> start_at;
  {
    const MutexLock lock(mutex_);
    Forget(now);
    for (const auto& listener : listeners_) {
      objects_wanted = objects_wanted || listener->graph;
      graph_wanted = graph_wanted || (listener->graph && now - graph_sent_ >= kGraphInterval) ||
                     (listener->graph_due && !Slow(*listener));
    }
    tables_wanted = !interests_.empty();
    if (!tables_wanted) start_at_.reset();
    start_at = start_at_;
  }
  std::vector<catalog::TableDef> tables;
  std::map<TableId, Dirty> changed;
  if (tables_wanted) {
    tables = deps_.catalog.ListTables();
    changed = ReadFeed(start_at, tables);
  } else {
    tracker_.Stop();
  }
  const std::string graph = graph_wanted ? status_.Graph() : std::string();
  // What happened while nobody listened is in the pages' first answers.
  std::vector<catalog::Activity> objects;
  const uint64_t newest = deps_.catalog.NewestActivity();
  if (objects_wanted && newest > activity_) {
    objects = deps_.catalog.ListActivities(activity_, kObjectsMax);
  }
  activity_ = newest;
  const MutexLock lock(mutex_);
  Collect(tables, std::move(changed));
  SendMissed(now);
  SendTables(now);
  if (!objects.empty()) SendObjects(objects, now);
  if (graph_wanted) SendGraph(graph, now);
  Heartbeat(now);
  if (listeners_.empty() && interests_.empty()) return std::nullopt;
  return now + kTick;
}

void Live::Close() {
  const MutexLock lock(mutex_);
  closed_ = true;
  JsonWriter bye;
  WriteText(bye, "reason", "shutdown");
  bye.Key("reconnect_ms").Int(2000);
  for (const auto& listener : listeners_) {
    Write(*listener, Event(++number_, "bye", "bye", bye.text()), deps_.clock.Monotonic());
    listener->stream->Close();
  }
  listeners_.clear();
}

}  // namespace tidemark::console
