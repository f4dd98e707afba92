// SPDX-License-Identifier: Apache-2.0
// Runs UNLOAD statements (timestream-api.md 5.13): the rows of a query into objects, a manifest and
// a metadata object, and one row that names them. The result is single-owner but for Cancel().
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/timestream/object_sink.h"
#include "sql/engine.h"

namespace tidemark::timestream {

/// The result of an UNLOAD in place of `rows`, its query's; rows->unload() is not null. `name` is a
/// part of the objects' names that no other statement has. `sink` must outlive the result. The
/// first Next() does all the work.
std::unique_ptr<sql::QueryResult> MakeUnloadResult(std::unique_ptr<sql::QueryResult> rows,
                                                   std::string name, ObjectSink& sink);

void AppendCsvField(std::string_view text, const sql::UnloadSpec& spec, std::string& out);

/// One row of a CSV file, with its line break.
void AppendCsvRow(const std::vector<sql::Column>& columns, size_t columns_used,
                  const sql::RowChunk& chunk, size_t row, const sql::UnloadSpec& spec,
                  std::string& out);

}  // namespace tidemark::timestream
