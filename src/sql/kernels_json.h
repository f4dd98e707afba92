// SPDX-License-Identifier: Apache-2.0
// JSON texts (an extension: the guide has none). A value of type json travels as its text. Numbers
// keep their digits where a text is only taken apart. See kernels.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tidemark::sql::kernels {

// Paths: $ .name ["name"] [0]. kInvalidArgument: a bad path; a bad text gives null.
Result<std::optional<std::string>> JsonExtract(std::string_view json, std::string_view path);
/// Of a string its characters; null for null, arrays and objects.
Result<std::optional<std::string>> JsonExtractScalar(std::string_view json, std::string_view path);
/// Members or elements; 0 for a scalar.
Result<std::optional<int64_t>> JsonSize(std::string_view json, std::string_view path);

/// Null if it is no array.
Result<std::optional<int64_t>> JsonArrayLength(std::string_view json);
/// From 0; negative counts from the end.
Result<std::optional<std::string>> JsonArrayGet(std::string_view json, int64_t index);
Result<std::optional<bool>> JsonArrayContainsText(std::string_view json, std::string_view value);
Result<std::optional<bool>> JsonArrayContainsBigint(std::string_view json, int64_t value);
Result<std::optional<bool>> JsonArrayContainsDouble(std::string_view json, double value);
Result<std::optional<bool>> JsonArrayContainsBoolean(std::string_view json, bool value);
Result<bool> IsJsonScalar(std::string_view json);

/// The canonical text: no blanks, members by name, doubles as the dialect prints them.
Result<std::string> JsonParse(std::string_view text);
// CAST(x AS json).
Result<std::string> TextToJson(std::string_view text);
Result<std::string> DoubleToJson(double x);
// CAST(json AS ..): JSON's null is null.
Result<std::optional<std::string>> JsonToText(std::string_view json);
Result<std::optional<bool>> JsonToBoolean(std::string_view json);
Result<std::optional<int64_t>> JsonToBigint(std::string_view json);
Result<std::optional<int64_t>> JsonToInteger(std::string_view json);
Result<std::optional<double>> JsonToDouble(std::string_view json);

// What casts between json and arrays and rows are made of.
using JsonList = std::vector<std::optional<std::string>>;
/// JSON's null is null; kInvalidArgument: no array.
Result<std::optional<std::vector<std::string>>> JsonElements(std::string_view json);
/// A row of `count` fields: of an object by name, of an array by position. A missing one is null.
Result<std::optional<JsonList>> JsonFields(
    std::string_view json, const std::vector<std::optional<std::string_view>>& names);
Result<std::string> JsonArrayOf(const std::vector<std::optional<std::string_view>>& elements);
Result<std::string> JsonObjectOf(const std::vector<std::optional<std::string_view>>& names,
                                 const std::vector<std::optional<std::string_view>>& values);

/// Calls visit("name", &Kernel) for each kernel the engine registers.
template <typename Visitor>
void ForEachJson(Visitor&& visit) {
  visit("json_extract", &JsonExtract);
  visit("json_extract_scalar", &JsonExtractScalar);
  visit("json_size", &JsonSize);
  visit("json_array_length", &JsonArrayLength);
  visit("json_array_get", &JsonArrayGet);
  visit("json_contains_text", &JsonArrayContainsText);
  visit("json_contains_bigint", &JsonArrayContainsBigint);
  visit("json_contains_double", &JsonArrayContainsDouble);
  visit("json_contains_boolean", &JsonArrayContainsBoolean);
  visit("is_json_scalar", &IsJsonScalar);
  visit("json_parse", &JsonParse);
  visit("text_to_json", &TextToJson);
  visit("double_to_json", &DoubleToJson);
  visit("json_to_text", &JsonToText);
  visit("json_to_boolean", &JsonToBoolean);
  visit("json_to_bigint", &JsonToBigint);
  visit("json_to_integer", &JsonToInteger);
  visit("json_to_double", &JsonToDouble);
  visit("json_elements", &JsonElements);
  visit("json_fields", &JsonFields);
  visit("json_array_of", &JsonArrayOf);
  visit("json_object_of", &JsonObjectOf);
}

}  // namespace tidemark::sql::kernels
