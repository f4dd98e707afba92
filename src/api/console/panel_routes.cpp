// SPDX-License-Identifier: Apache-2.0
// Many panels' queries in one call (web/API.md section 14).
//
// Bounds: kPanelsMax panels, kQueriesMax queries, all within one statement's time; an answer of
// kAnswerBytesMax, what comes after it is refused panel by panel.
#include <algorithm>
#include <numeric>
#include <utility>

#include "api/console/dashboard_definition_internal.h"
#include "api/console/kept_objects_internal.h"
#include "api/console/routes_internal.h"
#include "base/numbers.h"

namespace tidemark::console {
namespace {

constexpr size_t kPanelsMax = 32;
constexpr size_t kQueriesMax = 100;
constexpr size_t kAnswerBytesMax = size_t{64} << 20U;
constexpr size_t kPanelRowsDefault = 10'000;

/// One query to run, or why it cannot.
struct Job {
  std::string panel;
  size_t query = 0;
  QueryWish wish;
  std::optional<Failure> failure;
};

Failure Forbidden(std::string message) {
  Failure failure;
  failure.status = 403;
  failure.code = "forbidden";
  failure.message = std::move(message);
  return failure;
}

/// Members of a query as ReadQueryWish() takes them: those of the panel of the call, then of the
/// dashboard's query, with `sql` last.
JsonValue Body(const JsonValue& panel, std::string sql, const DashboardDefinition::Query* query,
               size_t max_points) {
  JsonWriter out;
  out.BeginObject().Key("sql").String(sql);
  const auto copy = [&](std::string_view member, const std::string& fallback) {
    if (const JsonValue* given = panel.Find(member)) {
      out.Key(member);
      out.Value(*given);
    } else if (!fallback.empty()) {
      out.Key(member).String(fallback);
    }
  };
  copy("database", query != nullptr ? query->database : "");
  copy("table", query != nullptr ? query->table : "");
  copy("measure", query != nullptr ? query->measure : "");
  copy("from", "");
  copy("to", "");
  copy("interval_ms", "");
  copy("max_rows", "");
  if (panel.Find("max_points") != nullptr) {
    copy("max_points", "");
  } else if (max_points > 0) {
    out.Key("max_points").Uint(max_points);
  }
  out.EndObject();
  return ParseJson(out.text()).value_or(JsonValue());
}

/// What of a call all its panels share.
class PanelsCall {
 public:
  PanelsCall(Core& core, const Call& call) : core_(core), call_(call) {}

  std::optional<Failure> Read() {
    auto body =
        ParseBody(call_.request.body, {"dashboard", "version", "variables", "panels", "from", "to",
                                       "interval_ms", "database", "table", "measure", "as_of"});
    if (!body.ok()) return ToFailure(body.error());
    values_ = DefaultMacroValues(core_.deps.clock.Now().AsEventTime());
    if (auto failure = ReadMacroValues(*body, values_)) return failure;
    if (const JsonValue* as_of = body->Find("as_of"); as_of != nullptr && !as_of->is_null()) {
      const auto ns = as_of->is_string() ? ParseInt64(as_of->string_value()) : std::nullopt;
      if (!ns) return InvalidRequest("it must be nanoseconds since the epoch, as a text", "as_of");
      as_of_ = EventTime{*ns};
      // What a statement measures from now on, it measures from that time.
      values_.now = *as_of_;
    }
    if (auto failure = ReadDashboard(*body)) return failure;
    if (auto failure = ReadVariablesOf(*body)) return failure;
    const JsonValue* panels = body->Find("panels");
    if (panels == nullptr || !panels->is_array() || panels->array().size() > kPanelsMax) {
      return InvalidRequest("it must be a list of at most 32 panels", "panels");
    }
    for (const JsonValue& panel : panels->array()) {
      if (auto failure = AddPanel(panel)) return failure;
    }
    if (jobs_.size() > kQueriesMax) {
      return InvalidRequest("the panels have more than 100 queries", "panels");
    }
    return std::nullopt;
  }

  http::Response Run() {
    const RowFormat format = FormatOf(call_.request);
    const MonotonicTime deadline =
        core_.deps.clock.Monotonic() + nanoseconds(core_.options.statement_time_max);
    std::string out = format == RowFormat::kJson ? R"({"panels":[)" : "";
    for (size_t i = 0; i < jobs_.size() && !call_.peer->gone(); ++i) {
      if (format == RowFormat::kJson && i > 0) out += ',';
      out += Section(jobs_[i], format, deadline,
                     kAnswerBytesMax - std::min(out.size(), kAnswerBytesMax));
    }
    if (format == RowFormat::kJson) out += "]}";
    http::Response response = Replies::Ok(std::move(out));
    if (format == RowFormat::kColumns) {
      response.headers.Set("Content-Type", std::string(kColumnsType));
    }
    return response;
  }

 private:
  std::optional<Failure> ReadDashboard(const JsonValue& body) {
    std::string name;
    std::string version = "published";
    if (auto failure = ReadText(body, "dashboard", 64, name)) return failure;
    if (auto failure = ReadText(body, "version", 20, version)) return failure;
    if (call_.share != nullptr) {
      if (!name.empty() && name != call_.share->dashboard) {
        return Forbidden("The link reads another dashboard.");
      }
      if (version != "published") return Forbidden("The link reads what is published.");
      name = call_.share->dashboard;
    }
    if (name.empty()) return std::nullopt;
    const auto def = core_.deps.catalog.GetDashboard(name);
    if (!def.ok()) return ToFailure(def.error(), "dashboard_not_found");
    std::string text;
    if (version == "draft") {
      text = def->draft;
    } else if (version == "published") {
      if (!def->versions.empty()) text = def->versions.front().definition;
    } else if (const auto number = ParseInt64(version)) {
      for (const auto& kept : def->versions) {
        if (kept.number == *number) text = kept.definition;
      }
    }
    if (text.empty()) {
      return ToFailure(Error{Code::kNotFound, "The dashboard has no such version."},
                       "version_not_found");
    }
    auto definition = ParseDefinition(text);
    if (!definition.ok()) return ToFailure(definition.error());
    definition_ = std::move(*definition);
    return std::nullopt;
  }

  std::optional<Failure> ReadVariablesOf(const JsonValue& body) {
    if (definition_) variables_ = definition_->defaults;
    Variables given;
    if (auto failure = ReadVariables(body.Find("variables"), given)) return failure;
    Variables fixed;
    if (call_.share != nullptr && !call_.share->variables_json.empty()) {
      const auto parsed = ParseJson(call_.share->variables_json);
      if (parsed.ok()) {
        if (auto failure = ReadVariables(&*parsed, fixed)) return failure;
      }
    }
    for (auto& [name, values] : given) {
      const auto found = fixed.find(name);
      if (found != fixed.end() && found->second != values) {
        return Forbidden("The link fixes the variable " + name + ".");
      }
      variables_[name] = std::move(values);
    }
    for (auto& [name, values] : fixed) variables_[name] = std::move(values);
    return std::nullopt;
  }

  std::optional<Failure> AddPanel(const JsonValue& panel) {
    std::string id;
    if (auto failure = ReadText(panel, "id", 256, id)) return failure;
    const JsonValue* sql = panel.Find("sql");
    if (sql != nullptr) {
      if (call_.share != nullptr) return Forbidden("A link runs the dashboard's own queries only.");
      if (!sql->is_string()) return InvalidRequest("it must be a string", "panels.sql");
      Add(panel, id, 0, sql->string_value(), nullptr, 0);
      return std::nullopt;
    }
    const DashboardDefinition::Panel* found = definition_ ? definition_->Find(id) : nullptr;
    if (found == nullptr) {
      return ToFailure(Error{Code::kNotFound, "The dashboard has no panel \"" + id + "\"."},
                       "panel_not_found");
    }
    if (call_.share != nullptr) {
      for (const char* member : {"database", "table", "measure"}) {
        if (panel.Find(member) != nullptr) return Forbidden("A link cannot choose its tables.");
      }
    }
    std::vector<size_t> chosen;
    if (auto failure = ReadChosen(panel, found->queries.size(), chosen)) return failure;
    for (const size_t i : chosen) {
      Add(panel, id, i, found->queries[i].sql, &found->queries[i], found->max_points);
    }
    return std::nullopt;
  }

  /// Which of a panel's queries are wanted: those that `queries` names, without it all.
  static std::optional<Failure> ReadChosen(const JsonValue& panel, size_t count,
                                           std::vector<size_t>& out) {
    const JsonValue* list = panel.Find("queries");
    if (list == nullptr) {
      out.resize(count);
      std::iota(out.begin(), out.end(), size_t{0});
      return std::nullopt;
    }
    constexpr std::string_view kWords = "it must be a list of numbers of the panel's queries";
    if (!list->is_array()) return InvalidRequest(std::string(kWords), "panels.queries");
    for (const JsonValue& item : list->array()) {
      const auto number = item.AsInt64();
      if (!number || *number < 0 || std::cmp_greater_equal(*number, count) ||
          std::ranges::find(out, static_cast<size_t>(*number)) != out.end()) {
        return InvalidRequest(std::string(kWords) + ", each once", "panels.queries");
      }
      out.push_back(static_cast<size_t>(*number));
    }
    return std::nullopt;
  }

  /// What is wrong with one panel is told in its place.
  void Add(const JsonValue& panel, const std::string& id, size_t number, std::string_view sql,
           const DashboardDefinition::Query* query, size_t max_points) {
    Job job{.panel = id, .query = number};
    job.wish.rows_max = kPanelRowsDefault;
    job.wish.as_of = as_of_;
    std::string replaced;
    job.failure = ReplaceVariables(sql, variables_, replaced);
    if (!job.failure) {
      job.failure = ReadQueryWish(Body(panel, std::move(replaced), query, max_points),
                                  FormatOf(call_.request), values_, job.wish);
    }
    jobs_.push_back(std::move(job));
  }

  void WriteHead(JsonWriter& out, const Job& job) const {
    WriteText(out, "panel", job.panel);
    out.Key("query").Uint(job.query);
  }

  std::string FailedSection(const Job& job, RowFormat format, const Failure& failure) {
    const auto members = [&](JsonWriter& out) {
      WriteHead(out, job);
      out.Key("error").Raw(core_.replies.ErrorJson(failure));
    };
    if (format == RowFormat::kColumns) return EmptyBlock(members);
    JsonWriter out;
    out.BeginObject();
    members(out);
    out.EndObject();
    return std::move(out).Take();
  }

  std::string Section(const Job& job, RowFormat format, MonotonicTime deadline, size_t bytes_left) {
    if (job.failure) return FailedSection(job, format, *job.failure);
    const EventTime as_of = as_of_.value_or(core_.deps.clock.Now().AsEventTime());
    auto executed = core_.deps.engine.Execute({.sql = job.wish.expansion.sql(),
                                               .database = job.wish.database,
                                               .deadline = deadline,
                                               .id = core_.replies.NewId() + core_.replies.NewId(),
                                               .origin = "console",
                                               .as_of = as_of_});
    if (executed.ok() && (*executed)->unload() != nullptr) {
      executed = Error{Code::kUnimplemented, "UNLOAD runs through the Timestream Query API only"};
    }
    if (!executed.ok()) {
      return FailedSection(job, format, ToTypedFailure(job.wish, executed.error()));
    }
    auto reader = std::make_shared<ResultReader>(std::move(*executed));
    const auto sink = MakeRowSink(format, reader->result().columns());
    call_.peer->Bind(std::shared_ptr<sql::QueryResult>(reader, &reader->result()));
    const auto filled = Fill(job.wish, *reader, *sink);
    call_.peer->Unbind();
    if (!filled.ok()) return FailedSection(job, format, ToTypedFailure(job.wish, filled.error()));
    if (sink->bytes() > bytes_left) {
      Failure large;
      large.status = 413;
      large.code = "too_large";
      large.message = "The panels of this call have more than 64 MiB together.";
      return FailedSection(job, format, large);
    }
    const auto watermark = WatermarkOf(core_.deps, job.wish);
    return sink->Finish([&](JsonWriter& out) {
      WriteHead(out, job);
      out.Key("truncated").Bool(!reader->ended());
      out.Key("reduced").Bool(reader->reduced());
      WriteTextOrNull(out, "expanded_sql",
                      job.wish.expansion.expanded() ? job.wish.expansion.sql() : "");
      WriteI64(out, "as_of", std::optional(as_of));
      WriteI64(out, "watermark", watermark);
    });
  }

  static Result<void> Fill(const QueryWish& wish, ResultReader& reader, RowSink& sink) {
    if (wish.max_points > 0) {
      TM_ASSIGN_OR_RETURN(const bool reduced, reader.Reduce(wish.max_points, sink));
      if (reduced) return {};
    }
    return reader.Page(wish.rows_max, sink);
  }

  Core& core_;
  const Call& call_;
  MacroValues values_;
  std::optional<DashboardDefinition> definition_;
  Variables variables_;
  std::vector<Job> jobs_;
  std::optional<EventTime> as_of_;
};

Answer PostPanels(Core& core, Call& call) {
  PanelsCall panels(core, call);
  if (const auto failure = panels.Read()) return core.Fail(*failure);
  return panels.Run();
}

constexpr Route kRoutes[] = {
    {.method = "POST",
     .pattern = "panels:data",
     .handler = PostPanels,
     .watches_peer = true,
     .for_shares = true},
};

}  // namespace

std::span<const Route> PanelRoutes() { return kRoutes; }

}  // namespace tidemark::console
