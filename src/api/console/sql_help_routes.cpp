// SPDX-License-Identifier: Apache-2.0
// What an editor asks about SQL (web/API.md section 3.4): nothing here runs a statement.
#include <algorithm>

#include "api/console/routes_internal.h"
#include "base/checksum.h"
#include "sql/help.h"
#include "sql/statements.h"

namespace tidemark::console {
namespace {

constexpr size_t kStatementsMax = 100;
constexpr size_t kTextBytesMax = size_t{256} << 10U;  // timestream-sql.md 1.1, of one statement

struct Diagnostic {
  Place begin;
  Place end;  // exclusive
  std::string message;
  std::string hint;
};

bool IsNamePart(char c) {
  return c == '_' || c == ':' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
         (c >= 'A' && c <= 'Z') || (static_cast<uint8_t>(c) & 0x80U) != 0;
}

/// Where the word, the quoted text or the sign at `at` ends.
size_t EndOfToken(std::string_view text, size_t at) {
  if (at >= text.size()) return text.size();
  if (text[at] == '\'' || text[at] == '"') {
    const size_t end = text.find(text[at], at + 1);
    return end == std::string_view::npos ? text.size() : end + 1;
  }
  size_t end = at;
  if (text[at] == '$' || text[at] == '@') ++end;
  while (end < text.size() && IsNamePart(text[end])) ++end;
  return std::max(end, at + 1);
}

size_t CodePoints(std::string_view text) {
  return static_cast<size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<uint8_t>(c) & 0xC0U) != 0x80U; }));
}

/// The error's place is about the statement that begins at `begin` of the expanded text.
Diagnostic Locate(const QueryWish& wish, sql::StatementSpan span, const Failure& failure) {
  const std::string& expanded = wish.expansion.sql();
  const std::string_view statement =
      std::string_view(expanded).substr(span.begin, span.end - span.begin);
  const size_t in_statement =
      failure.line > 0 ? OffsetOf(statement, {failure.line, failure.column}) : 0;
  size_t at = wish.expansion.TypedOffset(span.begin + in_statement);
  // "at the end of the statement" is behind its last character: mark that one.
  const size_t last = wish.expansion.TypedOffset(span.end);
  if (at >= last && at > 0) at = last - 1;
  while (at > 0 && (static_cast<uint8_t>(wish.typed[at]) & 0xC0U) == 0x80U) --at;
  return {PlaceOf(wish.typed, at), PlaceOf(wish.typed, EndOfToken(wish.typed, at)), failure.message,
          failure.hint};
}

void WriteDiagnostic(JsonWriter& out, const Diagnostic& diagnostic) {
  out.BeginObject();
  WriteText(out, "severity", "error");
  out.Key("line").Int(diagnostic.begin.line).Key("column").Int(diagnostic.begin.column);
  out.Key("end_line").Int(diagnostic.end.line).Key("end_column").Int(diagnostic.end.column);
  WriteText(out, "message", diagnostic.message);
  WriteTextOrNull(out, "hint", diagnostic.hint);
  out.EndObject();
}

Answer PostValidate(Core& core, Call& call) {
  const auto body = ParseBody(call.request.body,
                              {"sql", "from", "to", "interval_ms", "database", "table", "measure"});
  if (!body.ok()) return core.Fail(body.error());
  const EventTime now = core.deps.clock.Now().AsEventTime();
  QueryWish wish;
  if (const auto failure = ReadQueryWish(*body, RowFormat::kJson, DefaultMacroValues(now), wish)) {
    return core.Fail(*failure);
  }
  const std::string& expanded = wish.expansion.sql();
  if (expanded.size() > kTextBytesMax) {
    return core.Fail(InvalidRequest("The text is longer than 256 KiB.", "sql"));
  }
  const auto spans = sql::SplitStatements(expanded);
  if (spans.size() > kStatementsMax) {
    return core.Fail(InvalidRequest("The text has more than 100 statements.", "sql"));
  }
  JsonWriter out;
  out.BeginObject().Key("statements").BeginArray();
  std::vector<Diagnostic> diagnostics;
  for (const sql::StatementSpan& span : spans) {
    const size_t begin = wish.expansion.TypedOffset(span.begin);
    const size_t end = wish.expansion.TypedOffset(span.end);
    const std::string_view typed = wish.typed;
    out.BeginObject().Key("start").Uint(CodePoints(typed.substr(0, begin)));
    out.Key("end").Uint(CodePoints(typed.substr(0, end))).EndObject();
    if (call.peer->gone()) break;
    const auto described = core.deps.engine.Describe(
        {.sql = expanded.substr(span.begin, span.end - span.begin), .database = wish.database});
    if (!described.ok()) {
      diagnostics.push_back(Locate(wish, span, ToSqlFailure(described.error())));
    }
  }
  out.EndArray();
  WriteTextOrNull(out, "expanded_sql", wish.expansion.expanded() ? expanded : "");
  out.Key("diagnostics").BeginArray();
  for (const Diagnostic& diagnostic : diagnostics) WriteDiagnostic(out, diagnostic);
  out.EndArray().EndObject();
  return Replies::Ok(std::move(out).Take());
}

std::string FunctionsJson() {
  JsonWriter out;
  out.BeginObject().Key("functions").BeginArray();
  for (const sql::FunctionHelp& function : sql::AllFunctionHelp()) {
    out.BeginObject();
    WriteText(out, "name", function.name);
    WriteText(out, "kind", sql::FunctionKindName(function.kind));
    out.Key("signatures").BeginArray();
    for (const std::string& signature : function.signatures) out.String(signature);
    out.EndArray();
    WriteText(out, "help", function.help);
    out.EndObject();
  }
  out.EndArray().Key("keywords").BeginArray();
  for (const std::string_view word : sql::Keywords()) out.String(word);
  out.EndArray().Key("macros").BeginArray();
  for (const auto& [name, help] : MacroHelp()) {
    out.BeginObject();
    WriteText(out, "name", name);
    WriteText(out, "help", help);
    out.EndObject();
  }
  out.EndArray().EndObject();
  return std::move(out).Take();
}

Answer GetFunctions(Core&, Call& call) {
  static const std::string json = FunctionsJson();
  static const std::string etag = '"' + std::to_string(Hash64(json)) + '"';
  const bool known = call.request.Find("If-None-Match").value_or("") == etag;
  http::Response response = Replies::Ok(known ? "" : json);
  if (known) response.status = 304;
  response.headers.Set("ETag", etag);
  response.headers.Set("Cache-Control", "no-cache");
  return response;
}

constexpr Route kRoutes[] = {
    {"POST", "sql:validate", PostValidate, RunsOn::kQueryThread, true},
    {"GET", "sql/functions", GetFunctions},
};

}  // namespace

std::span<const Route> SqlHelpRoutes() { return kRoutes; }

}  // namespace tidemark::console
