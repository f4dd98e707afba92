// SPDX-License-Identifier: Apache-2.0
// Reads the members of a request's JSON object by the model's rules: null is absent, a wrong JSON
// type is a SerializationException, constraint violations are collected (timestream-api.md 1.1,
// section 7). Single-owner; borrows the value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "api/timestream/errors.h"
#include "base/json.h"

namespace tidemark::timestream {

class Fields {
 public:
  /// `prefix` is in front of member paths: "" or "retentionProperties.". Findings go to `root`, or
  /// to this object if it is the root itself.
  explicit Fields(const JsonValue& object) : object_(object), root_(this) {}
  Fields(const JsonValue& object, std::string prefix, Fields& root)
      : object_(object), prefix_(std::move(prefix)), root_(root.root_) {}

  /// Lengths count bytes.
  struct Length {
    size_t min = 0;
    size_t max = SIZE_MAX;
  };
  struct Range {
    int64_t min = INT64_MIN;
    int64_t max = INT64_MAX;
  };

  std::optional<std::string> Text(std::string_view name, Length length);
  /// "" when missing, which is noted.
  std::string RequiredText(std::string_view name, Length length);
  std::optional<int64_t> Integer(std::string_view name, Range range);
  int64_t RequiredInteger(std::string_view name, Range range);
  std::optional<bool> Bool(std::string_view name);
  /// Null when absent.
  const JsonValue* Object(std::string_view name);
  const JsonValue* List(std::string_view name);
  /// Notes a missing member.
  void Require(std::string_view name);

  /// "retentionProperties.memoryStoreRetentionPeriodInHours".
  std::string Path(std::string_view name) const;
  Constraints& constraints() { return root_->constraints_; }
  void Wrong(std::string_view name, std::string_view wanted);
  /// What was found so far, or none.
  std::optional<Failure> failure() const;

 private:
  const JsonValue* Present(std::string_view name) const;

  const JsonValue& object_;
  std::string prefix_;
  Fields* root_;
  Constraints constraints_;
  std::string wrong_;
};

}  // namespace tidemark::timestream
