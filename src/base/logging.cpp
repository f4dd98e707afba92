// SPDX-License-Identifier: Apache-2.0
#include "base/logging.h"

#include <errno.h>
#include <unistd.h>

#include <atomic>
#include <cmath>

#include "base/check.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/numbers.h"

namespace tidemark {
namespace {

// The one piece of global state: every part logs, and none should carry a logger for it.
std::atomic<LogLevel> g_level_min{LogLevel::kInfo};
std::atomic<LogFormat> g_format{LogFormat::kAuto};

std::string_view LevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  TM_UNREACHABLE();
}

template <typename... F>
struct Overloaded : F... {
  using F::operator()...;
};

void AppendJsonField(JsonWriter& json, const LogField& field) {
  json.Key(field.name);
  std::visit(Overloaded{[&](std::string_view v) { json.String(v); },
                        [&](int64_t v) { json.Int(v); }, [&](uint64_t v) { json.Uint(v); },
                        [&](double v) {
                          if (std::isfinite(v)) {
                            json.Double(v);
                          } else {
                            json.String(FormatDoubleShortest(v));
                          }
                        },
                        [&](bool v) { json.Bool(v); }},
             field.value);
}

std::string JsonLine(std::string_view time, LogLevel level, std::string_view component,
                     std::string_view message, std::initializer_list<LogField> fields) {
  JsonWriter json;
  json.BeginObject();
  json.Key("time").String(time);
  json.Key("level").String(LevelName(level));
  json.Key("component").String(component);
  json.Key("message").String(message);
  for (const LogField& field : fields) AppendJsonField(json, field);
  json.EndObject();
  return std::move(json).Take();
}

/// Quoted unless it is one plain word: a value can neither fake a field nor a line.
void AppendTextValue(std::string& out, std::string_view value) {
  bool plain = !value.empty();
  for (const char c : value) plain = plain && c > ' ' && c < 0x7f && c != '"' && c != '=';
  if (plain) {
    out += value;
  } else {
    AppendJsonString(out, value);
  }
}

/// Control characters become spaces, so that a message stays one line.
void AppendMessage(std::string& out, std::string_view message) {
  for (const char c : message) {
    const auto byte = static_cast<unsigned char>(c);
    out.push_back(byte < 0x20 || byte == 0x7f ? ' ' : c);
  }
}

std::string TextLine(std::string_view time, LogLevel level, std::string_view component,
                     std::string_view message, std::initializer_list<LogField> fields) {
  std::string out(time);
  out.push_back(' ');
  out += LevelName(level);
  out.append(8 - LevelName(level).size(), ' ');
  out += component;
  out += ": ";
  AppendMessage(out, message);
  for (const LogField& field : fields) {
    out.push_back(' ');
    out += field.name;
    out.push_back('=');
    std::visit(Overloaded{[&](std::string_view v) { AppendTextValue(out, v); },
                          [&](int64_t v) { out += std::to_string(v); },
                          [&](uint64_t v) { out += std::to_string(v); },
                          [&](double v) { out += FormatDoubleShortest(v); },
                          [&](bool v) { out += v ? "true" : "false"; }},
               field.value);
  }
  return out;
}

}  // namespace

void InitLogging(LogLevel level_min, LogFormat format) {
  g_level_min = level_min;
  g_format = format;
}

void Log(LogLevel level, std::string_view component, std::string_view message,
         std::initializer_list<LogField> fields) {
  if (level < g_level_min.load(std::memory_order_relaxed)) return;
  const std::string time = FormatIso8601Millis(SystemClock().Now().AsEventTime());
  LogFormat format = g_format.load(std::memory_order_relaxed);
  if (format == LogFormat::kAuto) {
    format = ::isatty(STDERR_FILENO) != 0 ? LogFormat::kText : LogFormat::kJson;
  }
  std::string line = format == LogFormat::kText ? TextLine(time, level, component, message, fields)
                                                : JsonLine(time, level, component, message, fields);
  line.push_back('\n');
  // One write(2) a line, so that lines of different threads do not mix. What the kernel does not
  // take is lost: logging must neither block for long nor fail its caller.
  ssize_t written = 0;
  do {
    written = ::write(STDERR_FILENO, line.data(), line.size());
  } while (written < 0 && errno == EINTR);
}

}  // namespace tidemark
