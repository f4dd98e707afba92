// SPDX-License-Identifier: Apache-2.0
// Stacks (web/API.md section 5).
#include "api/console/routes_internal.h"

namespace tidemark::console {
namespace {

constexpr size_t kFilesMax = 100;

void WriteItems(JsonWriter& out, const std::vector<StackItem>& items) {
  out.Key("items").BeginArray();
  for (const StackItem& item : items) {
    out.BeginObject();
    WriteText(out, "kind", item.kind);
    WriteText(out, "name", item.name);
    WriteText(out, "action", item.action);
    WriteText(out, "detail", item.detail);
    out.EndObject();
  }
  out.EndArray();
}

std::string ReportJson(const StackReport& report) {
  JsonWriter out;
  out.BeginObject();
  WriteItems(out, report.items);
  out.Key("outputs").BeginArray();
  for (const auto& [output, value] : report.outputs) {
    out.BeginObject();
    WriteText(out, "name", output);
    WriteText(out, "value", value);
    out.EndObject();
  }
  out.EndArray().EndObject();
  return std::move(out).Take();
}

std::string CheckJson(const StackCheck& check) {
  JsonWriter out;
  out.BeginObject().Key("content");
  if (check.content_json.empty()) {
    out.Null();
  } else {
    out.Raw(check.content_json);
  }
  WriteItems(out, check.items);
  out.Key("problem");
  if (!check.problem) {
    out.Null();
  } else {
    out.BeginObject();
    WriteText(out, "message", check.problem->message);
    WriteTextOrNull(out, "field", check.problem->field);
    out.Key("line");
    if (check.problem->line > 0) {
      out.Int(check.problem->line);
    } else {
      out.Null();
    }
    out.EndObject();
  }
  out.EndObject();
  return std::move(out).Take();
}

template <typename Verb, typename ToJson>
Answer OnStack(Core& core, const Call& call, Verb verb, ToJson to_json) {
  const auto body = ParseBody(call.request.body, {"file", "text", "files"});
  if (!body.ok()) return core.Fail(body.error());
  const JsonValue* text = body->Find("text");
  const JsonValue* file = body->Find("file");
  if (text == nullptr || !text->is_string()) {
    return core.Fail(InvalidRequest("\"text\" must be the stack's TOML", "text"));
  }
  const std::string name = file != nullptr && file->is_string() ? file->string_value() : "stack";
  // Outputs name the address that the client reached, which may be a forwarded one.
  const std::string endpoint =
      "http://" + std::string(call.request.Find("Host").value_or("127.0.0.1:4580"));
  StackRequest request{text->string_value(), name, endpoint, {}, core.dashboards};
  if (const JsonValue* files = body->Find("files"); files != nullptr) {
    if (!files->is_object() || files->object().size() > kFilesMax) {
      return core.Fail(InvalidRequest("it must be an object of at most 100 files", "files"));
    }
    for (const auto& [path, content] : files->object()) {
      if (!content.is_string()) {
        return core.Fail(InvalidRequest("it must be the file's text", "files." + path));
      }
      request.files.insert_or_assign(path, content.string_value());
    }
  }
  const auto report = (core.deps.admin.*verb)(request);
  if (!report.ok()) return core.Fail(report.error());
  return Replies::Ok(to_json(*report));
}

constexpr Route kRoutes[] = {
    {"POST", "stack:apply",
     [](Core& core, Call& call) { return OnStack(core, call, &Admin::ApplyStack, ReportJson); }},
    {"POST", "stack:check",
     [](Core& core, Call& call) { return OnStack(core, call, &Admin::CheckStack, CheckJson); }},
    {"POST", "stack:describe",
     [](Core& core, Call& call) { return OnStack(core, call, &Admin::DescribeStack, ReportJson); }},
    {"POST", "stack:delete",
     [](Core& core, Call& call) { return OnStack(core, call, &Admin::DeleteStack, ReportJson); }},
};

}  // namespace

std::span<const Route> StackRoutes() { return kRoutes; }

}  // namespace tidemark::console
