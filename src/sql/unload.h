// SPDX-License-Identifier: Apache-2.0
// What UNLOAD (query) TO 's3://..' WITH (..) asks for (timestream-sql.md 3.4, timestream-api.md
// 5.13). Immutable value. Who runs the statement writes the files.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "sql/type.h"

namespace tidemark::sql {

struct UnloadClause;

enum class UnloadFormat : uint8_t { kCsv, kParquet };
enum class UnloadCompression : uint8_t { kGzip, kNone };

struct UnloadSpec {
  std::string bucket;
  std::string prefix;  // of keys, without a slash at either end; may be empty
  UnloadFormat format = UnloadFormat::kCsv;
  UnloadCompression compression = UnloadCompression::kGzip;
  char field_delimiter = ',';
  char escaped_by = '\\';
  bool include_header = false;
  uint64_t file_bytes_max = 78'000'000'000;
  /// How many columns, the last ones, name folders instead of being in the files.
  size_t partition_columns = 0;
};

/// A file that QueryResult::WriteParquet() made.
struct ParquetFile {
  std::string path;
  uint64_t rows = 0;
  uint64_t bytes = 0;
};

/// Checks location and options of an UNLOAD whose query has these columns. kInvalidArgument with
/// the option's place.
Result<UnloadSpec> ReadUnload(const UnloadClause& clause, const std::vector<Column>& columns);

/// "part=a%2Fb": a folder of one partition value. Null is "__HIVE_DEFAULT_PARTITION__".
std::string PartitionFolder(const Column& column, const Value& value);

/// The statement that writes `rows_sql` (columns c0, c1, ..: carriers of `columns`) as Parquet
/// files below `folder`; it gives a row of path, rows and bytes for each. kInvalidArgument: a type
/// that Parquet files cannot have here.
Result<std::string> ParquetCopy(const UnloadSpec& spec, const std::vector<Column>& columns,
                                const std::string& rows_sql, const std::string& folder);

}  // namespace tidemark::sql
