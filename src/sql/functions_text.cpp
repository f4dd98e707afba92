// SPDX-License-Identifier: Apache-2.0
// Texts and regular expressions (timestream-sql.md 5.6, 5.7).
#include "sql/functions_internal.h"

namespace tidemark::sql {
namespace {

using enum TypeKind;
using kernels::Fold;
namespace k = kernels;

Result<void> CheckPattern(const Value& pattern) {
  TM_RETURN_IF_ERROR(k::RegexpLike("", std::get<std::string>(pattern.data)));
  return {};
}

void AddRegexp(OverloadTable& table) {
  table.Add("regexp_like", {kVarchar, kVarchar}, kBoolean, "tm_regexp_like", Fold<&k::RegexpLike>)
      .Check(1, CheckPattern);
  table.Add("regexp_count", {kVarchar, kVarchar}, kBigint, "tm_regexp_count", Fold<&k::RegexpCount>)
      .Check(1, CheckPattern);
  table
      .Add("regexp_extract", {kVarchar, kVarchar}, kVarchar, "tm_regexp_extract",
           Fold<&k::RegexpExtract>)
      .Check(1, CheckPattern);
  table
      .Add("regexp_extract", {kVarchar, kVarchar, kBigint}, kVarchar, "tm_regexp_extract_group",
           Fold<&k::RegexpExtractGroup>)
      .Check(1, CheckPattern);
  const Type texts = Type::Array(kVarchar);
  table.Add("regexp_extract_all", {kVarchar, kVarchar}, texts, "tm_regexp_extract_all")
      .Check(1, CheckPattern);
  table
      .Add("regexp_extract_all", {kVarchar, kVarchar, kBigint}, texts,
           "tm_regexp_extract_all_group")
      .Check(1, CheckPattern);
  table.Add("regexp_split", {kVarchar, kVarchar}, texts, "tm_regexp_split").Check(1, CheckPattern);
  table
      .Add("regexp_replace", {kVarchar, kVarchar}, kVarchar, "tm_regexp_remove",
           Fold<&k::RegexpRemove>)
      .Check(1, CheckPattern);
  table
      .Add("regexp_replace", {kVarchar, kVarchar, kVarchar}, kVarchar, "tm_regexp_replace",
           Fold<&k::RegexpReplace>)
      .Check(1, CheckPattern);
}

void AddSearch(OverloadTable& table) {
  table.Add("strpos", {kVarchar, kVarchar}, kBigint, "tm_strpos", Fold<&k::Position>);
  table.Add("strpos", {kVarchar, kVarchar, kBigint}, kBigint, "tm_strpos_of", Fold<&k::PositionOf>);
  table.Add("strrpos", {kVarchar, kVarchar}, kBigint, "tm_strrpos", Fold<&k::LastPosition>);
  table.Add("strrpos", {kVarchar, kVarchar, kBigint}, kBigint, "tm_strrpos_of",
            Fold<&k::LastPositionOf>);
  for (const std::string_view name : {"substr", "substring"}) {
    table.Add(name, {kVarchar, kBigint}, kVarchar, "tm_substr", Fold<&k::Substring>);
    table.Add(name, {kVarchar, kBigint, kBigint}, kVarchar, "tm_substr_of", Fold<&k::SubstringOf>);
  }
  table.Add("split", {kVarchar, kVarchar}, Type::Array(kVarchar), "tm_split");
  table.Add("split", {kVarchar, kVarchar, kBigint}, Type::Array(kVarchar), "tm_split_up_to");
  table.Add("split_part", {kVarchar, kVarchar, kBigint}, kVarchar, "tm_split_part",
            Fold<&k::SplitPart>);
  table.Add("starts_with", {kVarchar, kVarchar}, kBoolean, "tm_starts_with", Fold<&k::StartsWith>);
}

}  // namespace

void AddText(OverloadTable& table) {
  AddRegexp(table);
  AddSearch(table);
  table.Add("||", {kVarchar, kVarchar}, kVarchar, "($1 || $2)", Fold<&k::Concat>);
  table.Add("length", {kVarchar}, kBigint, "tm_length", Fold<&k::Length>);
  table.Add("lower", {kVarchar}, kVarchar, "tm_lower", Fold<&k::Lower>);
  table.Add("upper", {kVarchar}, kVarchar, "tm_upper", Fold<&k::Upper>);
  table.Add("reverse", {kVarchar}, kVarchar, "tm_reverse", Fold<&k::Reverse>);
  table.Add("trim", {kVarchar}, kVarchar, "tm_trim", Fold<&k::Trim>);
  table.Add("ltrim", {kVarchar}, kVarchar, "tm_ltrim", Fold<&k::TrimLeft>);
  table.Add("rtrim", {kVarchar}, kVarchar, "tm_rtrim", Fold<&k::TrimRight>);
  table.Add("chr", {kBigint}, kVarchar, "tm_chr", Fold<&k::Chr>);
  table.Add("codepoint", {kVarchar}, kInteger, "CAST(tm_codepoint($1) AS INTEGER)",
            Fold<&k::CodePoint>);
  table.Add("lpad", {kVarchar, kBigint, kVarchar}, kVarchar, "tm_lpad", Fold<&k::PadLeft>);
  table.Add("rpad", {kVarchar, kBigint, kVarchar}, kVarchar, "tm_rpad", Fold<&k::PadRight>);
  table.Add("replace", {kVarchar, kVarchar}, kVarchar, "tm_remove", Fold<&k::Remove>);
  table.Add("replace", {kVarchar, kVarchar, kVarchar}, kVarchar, "tm_replace", Fold<&k::Replace>);
  table.Add("translate", {kVarchar, kVarchar, kVarchar}, kVarchar, "tm_translate",
            Fold<&k::Translate>);
  table.Add("hamming_distance", {kVarchar, kVarchar}, kBigint, "tm_hamming_distance",
            Fold<&k::HammingDistance>);
  table.Add("levenshtein_distance", {kVarchar, kVarchar}, kBigint, "tm_levenshtein_distance",
            Fold<&k::LevenshteinDistance>);
}

}  // namespace tidemark::sql
