// SPDX-License-Identifier: Apache-2.0
// JSON and URLs: extensions, as the engine family has them (docs/sql.md).
#include "sql/functions_internal.h"

namespace tidemark::sql {
namespace {

using enum TypeKind;
using kernels::Fold;
namespace k = kernels;

Result<void> CheckPath(const Value& path) {
  TM_RETURN_IF_ERROR(k::JsonExtract("", std::get<std::string>(path.data)));
  return {};
}

}  // namespace

void AddJson(OverloadTable& table) {
  for (const TypeKind json : {kVarchar, kJson}) {
    table.Add("json_extract", {json, kVarchar}, kJson, "tm_json_extract", Fold<&k::JsonExtract>)
        .Check(1, CheckPath);
    table
        .Add("json_extract_scalar", {json, kVarchar}, kVarchar, "tm_json_extract_scalar",
             Fold<&k::JsonExtractScalar>)
        .Check(1, CheckPath);
    table.Add("json_size", {json, kVarchar}, kBigint, "tm_json_size", Fold<&k::JsonSize>)
        .Check(1, CheckPath);
    table.Add("json_array_length", {json}, kBigint, "tm_json_array_length",
              Fold<&k::JsonArrayLength>);
    table.Add("json_array_get", {json, kBigint}, kJson, "tm_json_array_get",
              Fold<&k::JsonArrayGet>);
    table.Add("json_array_contains", {json, kVarchar}, kBoolean, "tm_json_contains_text",
              Fold<&k::JsonArrayContainsText>);
    table.Add("json_array_contains", {json, kBigint}, kBoolean, "tm_json_contains_bigint",
              Fold<&k::JsonArrayContainsBigint>);
    table.Add("json_array_contains", {json, kDouble}, kBoolean, "tm_json_contains_double",
              Fold<&k::JsonArrayContainsDouble>);
    table.Add("json_array_contains", {json, kBoolean}, kBoolean, "tm_json_contains_boolean",
              Fold<&k::JsonArrayContainsBoolean>);
    table.Add("is_json_scalar", {json}, kBoolean, "tm_is_json_scalar", Fold<&k::IsJsonScalar>);
  }
  table.Add("json_parse", {kVarchar}, kJson, "tm_json_parse", Fold<&k::JsonParse>);
  table.Add("json_format", {kJson}, kVarchar, "$1", FoldSame);
}

void AddUrl(OverloadTable& table) {
  table.Add("url_extract_protocol", {kVarchar}, kVarchar, "tm_url_extract_protocol",
            Fold<&k::UrlProtocol>);
  table.Add("url_extract_host", {kVarchar}, kVarchar, "tm_url_extract_host", Fold<&k::UrlHost>);
  table.Add("url_extract_port", {kVarchar}, kBigint, "tm_url_extract_port", Fold<&k::UrlPort>);
  table.Add("url_extract_path", {kVarchar}, kVarchar, "tm_url_extract_path", Fold<&k::UrlPath>);
  table.Add("url_extract_query", {kVarchar}, kVarchar, "tm_url_extract_query", Fold<&k::UrlQuery>);
  table.Add("url_extract_fragment", {kVarchar}, kVarchar, "tm_url_extract_fragment",
            Fold<&k::UrlFragment>);
  table.Add("url_extract_parameter", {kVarchar, kVarchar}, kVarchar, "tm_url_extract_parameter",
            Fold<&k::UrlParameter>);
  table.Add("url_encode", {kVarchar}, kVarchar, "tm_url_encode", Fold<&k::UrlEncode>);
  table.Add("url_decode", {kVarchar}, kVarchar, "tm_url_decode", Fold<&k::UrlDecode>);
}

}  // namespace tidemark::sql
