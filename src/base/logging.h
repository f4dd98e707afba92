// SPDX-License-Identifier: Apache-2.0
// Structured log lines: text on a terminal, JSON otherwise. Thread-safe.
//   Log(LogLevel::kInfo, "store", "journal opened", {{"segments", 3}, {"path", dir}});
// An error is logged once, where it is finally handled.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace tidemark {

enum class LogLevel : uint8_t { kDebug, kInfo, kWarning, kError };

struct LogField {
  std::string_view name;
  std::variant<std::string_view, int64_t, uint64_t, double, bool> value;

  LogField(std::string_view n, std::string_view v) : name(n), value(v) {}
  LogField(std::string_view n, const std::string& v) : name(n), value(std::string_view(v)) {}
  LogField(std::string_view n, const char* v) : name(n), value(std::string_view(v)) {}
  LogField(std::string_view n, bool v) : name(n), value(v) {}
  LogField(std::string_view n, double v) : name(n), value(v) {}
  LogField(std::string_view n, int v) : name(n), value(static_cast<int64_t>(v)) {}
  LogField(std::string_view n, long v) : name(n), value(static_cast<int64_t>(v)) {}
  LogField(std::string_view n, long long v) : name(n), value(static_cast<int64_t>(v)) {}
  LogField(std::string_view n, unsigned v) : name(n), value(static_cast<uint64_t>(v)) {}
  LogField(std::string_view n, unsigned long v) : name(n), value(static_cast<uint64_t>(v)) {}
  LogField(std::string_view n, unsigned long long v) : name(n), value(static_cast<uint64_t>(v)) {}
};

enum class LogFormat : uint8_t { kAuto, kText, kJson };  // kAuto: text if stderr is a terminal

/// Before the first thread starts. Lines go to stderr.
void InitLogging(LogLevel level_min, LogFormat format);
void Log(LogLevel level, std::string_view component, std::string_view message,
         std::initializer_list<LogField> fields = {});

}  // namespace tidemark
