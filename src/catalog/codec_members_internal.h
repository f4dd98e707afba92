// SPDX-License-Identifier: Apache-2.0
// How members of a definition's JSON are written and read. Single-owner.
#pragma once

#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"
#include "catalog/definitions.h"

namespace tidemark::catalog {

template <typename E, size_t N>
using Names = std::array<std::pair<E, std::string_view>, N>;

/// Writes members; one place knows how each type looks.
class Writer {
 public:
  Writer() { json_.BeginObject(); }
  void Text(std::string_view name, std::string_view v) { json_.Key(name).String(v); }
  void Int(std::string_view name, int64_t v) { json_.Key(name).Int(v); }
  void Flag(std::string_view name, bool v) { json_.Key(name).Bool(v); }
  void Texts(std::string_view name, const std::vector<std::string>& values) {
    json_.Key(name).BeginArray();
    for (const std::string& v : values) json_.String(v);
    json_.EndArray();
  }
  template <typename E, size_t N>
  void Enum(std::string_view name, E v, const Names<E, N>& names) {
    for (const auto& [value, text] : names) {
      if (value == v) Text(name, text);
    }
  }
  JsonWriter& json() { return json_; }
  std::string Finish() {
    json_.EndObject();
    return std::move(json_).Take();
  }

 private:
  JsonWriter json_;
};

/// Reads members of one object; the first thing that makes no sense fails it.
class Reader {
 public:
  explicit Reader(const JsonValue& object) : object_(object) {
    if (!object.is_object()) Fail("definition", "is not an object");
  }

  void Text(std::string_view name, std::string& out) {
    if (const JsonValue* v = Find(name)) {
      if (v->is_string()) {
        out = v->string_value();
      } else {
        Fail(name, "is not a string");
      }
    }
  }
  template <typename T>
  void Int(std::string_view name, T& out) {
    if (const JsonValue* v = Find(name)) {
      const auto n = v->AsInt64();
      if (n && std::in_range<T>(*n)) {
        out = static_cast<T>(*n);
      } else {
        Fail(name, "is not an integer in range");
      }
    }
  }
  template <typename T>
  void OptionalInt(std::string_view name, std::optional<T>& out) {
    if (Find(name) == nullptr) return;
    T value{};
    Int(name, value);
    out = value;
  }
  void Time(std::string_view name, ArrivalTime& out) { Int(name, out.ms); }
  void Duration(std::string_view name, nanoseconds& out) {
    int64_t ns = out.count();
    Int(name, ns);
    out = nanoseconds(ns);
  }
  void Flag(std::string_view name, bool& out) {
    if (const JsonValue* v = Find(name)) {
      if (v->kind() == JsonValue::Kind::kBool) {
        out = v->bool_value();
      } else {
        Fail(name, "is not true or false");
      }
    }
  }
  void Texts(std::string_view name, std::vector<std::string>& out) {
    const JsonValue* v = Find(name);
    if (v == nullptr) return;
    if (!v->is_array()) return Fail(name, "is not a list");
    out.clear();
    for (const JsonValue& item : v->array()) {
      if (!item.is_string()) return Fail(name, "holds something that is not a string");
      out.push_back(item.string_value());
    }
  }
  void Number(std::string_view name, double& out) {
    if (const JsonValue* v = Find(name)) {
      if (v->is_number()) {
        out = v->double_value();
      } else {
        Fail(name, "is not a number");
      }
    }
  }
  void OptionalNumber(std::string_view name, std::optional<double>& out) {
    if (Find(name) == nullptr) return;
    double value = 0;
    Number(name, value);
    out = value;
  }
  void Numbers(std::string_view name, std::vector<double>& out) {
    const JsonValue* v = Find(name);
    if (v == nullptr) return;
    if (!v->is_array()) return Fail(name, "is not a list");
    out.clear();
    for (const JsonValue& item : v->array()) {
      if (!item.is_number()) return Fail(name, "holds something that is not a number");
      out.push_back(item.double_value());
    }
  }
  void Hash(std::string_view name, HashKey& out) {
    std::string text;
    Text(name, text);
    const char* const begin = text.data();
    if (text.size() != 32 || std::from_chars(begin, begin + 16, out.hi, 16).ptr != begin + 16 ||
        std::from_chars(begin + 16, begin + 32, out.lo, 16).ptr != begin + 32) {
      Fail(name, "is not 32 hexadecimal digits");
    }
  }
  template <typename E, size_t N>
  void Enum(std::string_view name, E& out, const Names<E, N>& names) {
    std::string text;
    Text(name, text);
    if (text.empty()) return;
    for (const auto& [value, known] : names) {
      if (known == text) {
        out = value;
        return;
      }
    }
    Fail(name, "has the unknown value " + text);
  }
  const JsonValue* Find(std::string_view name) const {
    if (!object_.is_object()) return nullptr;
    const JsonValue* v = object_.Find(name);
    return v == nullptr || v->is_null() ? nullptr : v;
  }
  void Fail(std::string_view name, std::string_view why) {
    if (error_.empty()) error_ = std::string(name) + " " + std::string(why);
  }
  Result<void> Finish() const {
    if (!error_.empty()) return Error{Code::kCorruption, "catalog definition: " + error_};
    return {};
  }

 private:
  const JsonValue& object_;
  std::string error_;
};

}  // namespace tidemark::catalog
