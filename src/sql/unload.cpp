// SPDX-License-Identifier: Apache-2.0
#include "sql/unload.h"

#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "base/numbers.h"
#include "sql/ast.h"
#include "sql/binder.h"
#include "sql/lexer.h"
#include "sql/parser.h"

namespace tidemark::sql {
namespace {

using Option = UnloadClause::Option;

constexpr uint64_t kFileBytesMin = 16'000'000;      // timestream-api.md 5.13
constexpr uint64_t kFileBytesMax = 78'000'000'000;  // and 4.9

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

Result<std::string> TextOf(const Option& option) {
  const auto* text = option.value->kind == ast::ExprKind::kLiteral
                         ? std::get_if<std::string>(&option.value->value.data)
                         : nullptr;
  if (text == nullptr) {
    return ErrorAt(option.value->place, fmt::format("{} needs a string", option.name.text));
  }
  return *text;
}

Result<std::string> OneOf(const Option& option, std::vector<std::string> allowed) {
  TM_ASSIGN_OR_RETURN(const std::string text, TextOf(option));
  for (const std::string& value : allowed) {
    if (Lower(value) == Lower(text)) return value;
  }
  std::string list;
  for (const std::string& value : allowed) list += (list.empty() ? "'" : ", '") + value + "'";
  return ErrorAt(option.value->place,
                 fmt::format("{} must be one of {}, not '{}'", option.name.text, list, text));
}

Result<char> OneCharacter(const Option& option) {
  TM_ASSIGN_OR_RETURN(const std::string text, TextOf(option));
  if (text == "\\t") return '\t';
  if (text.size() != 1 || static_cast<unsigned char>(text[0]) >= 0x80 || text == "\n") {
    return ErrorAt(
        option.value->place,
        fmt::format("{} must be one ASCII character, not a line break", option.name.text));
  }
  return text[0];
}

// "16MB", "1.5GB".
Result<uint64_t> FileBytes(const Option& option) {
  TM_ASSIGN_OR_RETURN(const std::string text, TextOf(option));
  const std::string lower = Lower(text);
  const double unit = lower.ends_with("gb") ? 1e9 : lower.ends_with("mb") ? 1e6 : 0;
  const auto number = unit > 0
                          ? ParseFiniteDouble(std::string_view(lower).substr(0, lower.size() - 2))
                          : std::nullopt;
  const double bytes = number ? *number * unit : 0;
  if (bytes < static_cast<double>(kFileBytesMin) || bytes > static_cast<double>(kFileBytesMax)) {
    return ErrorAt(option.value->place,
                   fmt::format("max_file_size must be from '16MB' to '78GB', not '{}'", text));
  }
  return static_cast<uint64_t>(bytes);
}

/// The names of partitioned_by = ARRAY['a', b].
Result<std::vector<std::string>> Names(const Option& option) {
  const ast::Expr& value = *option.value;
  if (value.kind != ast::ExprKind::kArray || value.args.empty()) {
    return ErrorAt(value.place, "partitioned_by needs an array of column names");
  }
  std::vector<std::string> out;
  for (const ast::ExprPtr& item : value.args) {
    const auto* text = item->kind == ast::ExprKind::kLiteral
                           ? std::get_if<std::string>(&item->value.data)
                           : nullptr;
    if (text != nullptr) {
      out.push_back(*text);
    } else if (item->kind == ast::ExprKind::kName && item->name.size() == 1) {
      out.push_back(item->name[0].text);
    } else {
      return ErrorAt(item->place, "partitioned_by needs an array of column names");
    }
  }
  return out;
}

Result<void> ReadPartitions(const Option& option, const std::vector<Column>& columns,
                            UnloadSpec& out) {
  TM_ASSIGN_OR_RETURN(const std::vector<std::string> names, Names(option));
  std::vector<std::string> known;
  for (const Column& column : columns) known.push_back(column.name);
  for (const std::string& name : names) {
    if (std::ranges::find(known, name) == known.end()) {
      return ErrorAt(option.value->place, fmt::format("Column '{}' does not exist", name),
                     Suggest(name, known));
    }
  }
  // Order of the samples (timestream-sql.md 3.4): they come last, as they are listed.
  const bool last = names.size() < columns.size() &&
                    std::equal(names.begin(), names.end(),
                               known.end() - static_cast<std::ptrdiff_t>(names.size()));
  if (!last) {
    return ErrorAt(option.value->place,
                   "the columns of partitioned_by must be the last of the select list, in the same "
                   "order, after at least one other");
  }
  out.partition_columns = names.size();
  for (size_t i = columns.size() - names.size(); i < columns.size(); ++i) {
    if (!columns[i].type.scalar()) {
      return ErrorAt(option.value->place, fmt::format("column '{}' of type {} cannot partition",
                                                      columns[i].name, columns[i].type.ToString()));
    }
  }
  return {};
}

Result<void> ReadOption(const Option& option, const std::vector<Column>& columns, UnloadSpec& out) {
  const std::string name = Lower(option.name.text);
  if (name == "format") {
    TM_ASSIGN_OR_RETURN(const std::string value, OneOf(option, {"CSV", "PARQUET"}));
    out.format = value == "CSV" ? UnloadFormat::kCsv : UnloadFormat::kParquet;
  } else if (name == "compression") {
    TM_ASSIGN_OR_RETURN(const std::string value, OneOf(option, {"GZIP", "NONE"}));
    out.compression = value == "GZIP" ? UnloadCompression::kGzip : UnloadCompression::kNone;
  } else if (name == "encryption") {
    return OneOf(option, {"SSE_S3", "SSE_KMS"}).ok() ? Result<void>()
                                                     : OneOf(option, {"SSE_S3", "SSE_KMS"}).error();
  } else if (name == "kms_key") {
    TM_RETURN_IF_ERROR(TextOf(option));
  } else if (name == "include_header") {
    TM_ASSIGN_OR_RETURN(const std::string value, OneOf(option, {"true", "false"}));
    out.include_header = value == "true";
  } else if (name == "field_delimiter") {
    TM_ASSIGN_OR_RETURN(out.field_delimiter, OneCharacter(option));
    if (out.field_delimiter == '"') {
      return ErrorAt(option.value->place, "field_delimiter cannot be the quote");
    }
  } else if (name == "escaped_by") {
    TM_ASSIGN_OR_RETURN(out.escaped_by, OneCharacter(option));
  } else if (name == "max_file_size") {
    TM_ASSIGN_OR_RETURN(out.file_bytes_max, FileBytes(option));
  } else if (name == "partitioned_by") {
    return ReadPartitions(option, columns, out);
  } else {
    const std::vector<std::string> known{"partitioned_by", "format",         "compression",
                                         "encryption",     "kms_key",        "field_delimiter",
                                         "escaped_by",     "include_header", "max_file_size"};
    return ErrorAt(option.name.place, fmt::format("UNLOAD has no option '{}'", option.name.text),
                   Suggest(name, known));
  }
  return {};
}

Result<void> ReadLocation(const UnloadClause& clause, UnloadSpec& out) {
  std::string_view text = clause.location;
  if (!text.starts_with("s3://")) {
    return ErrorAt(clause.location_place,
                   fmt::format("'{}' is not a location: write 's3://bucket/folder'", text));
  }
  text.remove_prefix(5);
  const size_t slash = std::min(text.find('/'), text.size());
  out.bucket = text.substr(0, slash);
  text.remove_prefix(slash);
  while (text.starts_with('/')) text.remove_prefix(1);
  while (text.ends_with('/')) text.remove_suffix(1);
  out.prefix = text;
  if (out.bucket.size() < 3) {
    return ErrorAt(clause.location_place, fmt::format("'{}' names no bucket", clause.location));
  }
  return {};
}

bool Contains(const Type& type, bool (*test)(TypeKind)) {
  if (type.kind() == TypeKind::kRow) {
    return std::ranges::any_of(type.fields(),
                               [&](const Type::Field& f) { return Contains(f.type, test); });
  }
  return type.scalar() ? test(type.kind()) : Contains(type.element(), test);
}

std::string Quoted(std::string_view name, char quote) {
  std::string out(1, quote);
  for (const char c : name) {
    if (c == quote) out += quote;
    out += c;
  }
  return out + quote;
}

/// The engine's value of a carrier as its own type.
std::string Exported(const Type& type, const std::string& value, int depth) {
  switch (type.kind()) {
    case TypeKind::kTimestamp:
      return fmt::format("make_timestamp_ns({})", value);
    case TypeKind::kDate:
      return fmt::format("CAST(DATE '1970-01-01' + CAST({} AS INTEGER) AS DATE)", value);
    case TypeKind::kArray:
      return fmt::format("list_transform({}, lambda e{}: {})", value, depth,
                         Exported(type.element(), fmt::format("e{}", depth), depth + 1));
    case TypeKind::kTimeseries:
      return fmt::format(
          "list_transform({0}, lambda e{1}: struct_pack(time := make_timestamp_ns(e{1}.t), value "
          ":= {2}))",
          value, depth, Exported(type.element(), fmt::format("e{}.v", depth), depth + 1));
    case TypeKind::kRow: {
      std::string fields;
      for (size_t i = 0; i < type.fields().size(); ++i) {
        const Type::Field& field = type.fields()[i];
        const std::string name = field.name.empty() ? fmt::format("field{}", i) : field.name;
        fields += fmt::format("{}{} := {}", i == 0 ? "" : ", ", Quoted(name, '"'),
                              Exported(field.type, fmt::format("({}).f{}", value, i), depth));
      }
      // A null row stays null.
      return fmt::format("CASE WHEN {} IS NULL THEN NULL ELSE struct_pack({}) END", value, fields);
    }
    default:
      return value;
  }
}

}  // namespace

Result<UnloadSpec> ReadUnload(const UnloadClause& clause, const std::vector<Column>& columns) {
  UnloadSpec out;
  TM_RETURN_IF_ERROR(ReadLocation(clause, out));
  std::set<std::string> seen;
  for (const Option& option : clause.options) {
    if (!seen.insert(Lower(option.name.text)).second) {
      return ErrorAt(option.name.place, fmt::format("{} is given twice", option.name.text));
    }
    TM_RETURN_IF_ERROR(ReadOption(option, columns, out));
  }
  if (out.field_delimiter == out.escaped_by) {
    return ErrorAt(clause.place, "field_delimiter and escaped_by must differ");
  }
  for (const Column& column : columns) {
    const bool refused = Contains(column.type, [](TypeKind kind) {
      return kind == TypeKind::kTime || kind == TypeKind::kUnknown;
    });
    if (refused) {
      return ErrorAt(clause.place,
                     fmt::format("column '{}' of type {} cannot be unloaded", column.name,
                                 column.type.ToString()),
                     "cast it to varchar");
    }
  }
  return out;
}

std::string PartitionFolder(const Column& column, const Value& value) {
  const auto encode = [](std::string_view text) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                         (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == ' ' ||
                         byte >= 0x80;
      if (plain) {
        out += c;
      } else {
        out += '%';
        out += kDigits[byte >> 4U];
        out += kDigits[byte & 15U];
      }
    }
    return out;
  };
  std::string text = "__HIVE_DEFAULT_PARTITION__";
  if (!value.is_null()) {
    text.clear();
    AppendScalarText(column.type, value, text);
    text = encode(text);
  }
  return encode(column.name) + "=" + text;
}

Result<std::string> ParquetCopy(const UnloadSpec& spec, const std::vector<Column>& columns,
                                const std::string& rows_sql, const std::string& folder) {
  std::string list;
  std::string partitions;
  std::set<std::string> names;
  for (size_t i = 0; i < columns.size(); ++i) {
    const Column& column = columns[i];
    const bool interval = Contains(column.type, [](TypeKind kind) {
      return kind == TypeKind::kIntervalDaySecond || kind == TypeKind::kIntervalYearMonth;
    });
    if (interval) {
      return Error{Code::kInvalidArgument,
                   fmt::format("column '{}' of type {} cannot be in a Parquet file: cast it to "
                               "varchar",
                               column.name, column.type.ToString())};
    }
    if (!names.insert(Lower(column.name)).second) {
      return Error{Code::kInvalidArgument,
                   fmt::format("two columns are named '{}': a Parquet file needs different names",
                               column.name)};
    }
    const std::string name = Quoted(column.name, '"');
    list += fmt::format("{}{} AS {}", i == 0 ? "" : ", ",
                        Exported(column.type, fmt::format("c{}", i), 0), name);
    if (i + spec.partition_columns >= columns.size()) {
      partitions += (partitions.empty() ? "" : ", ") + name;
    }
  }
  std::string options = "FORMAT parquet, RETURN_STATS, COMPRESSION ";
  options += spec.compression == UnloadCompression::kGzip ? "gzip" : "uncompressed";
  if (!partitions.empty()) {
    options += ", PARTITION_BY (" + partitions + ")";
  } else {
    options += fmt::format(", FILE_SIZE_BYTES {}", spec.file_bytes_max);
  }
  return fmt::format("COPY (SELECT {} FROM ({}) u) TO {} ({})", list, rows_sql,
                     Quoted(folder, '\''), options);
}

}  // namespace tidemark::sql
