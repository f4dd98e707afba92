// SPDX-License-Identifier: Apache-2.0
#include "duck_file.h"

#include <duckdb.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "base/check.h"

namespace tidemark {

struct DuckFile::Impl {
  duckdb_database database = nullptr;
  duckdb_connection connection = nullptr;

  void Ask(const std::string& sql, duckdb_result* out) const {
    if (duckdb_query(connection, sql.c_str(), out) == DuckDBSuccess) return;
    std::fprintf(stderr, "%s\n%s\n", sql.c_str(), duckdb_result_error(out));
    std::abort();
  }
};

struct DuckFile::Appender::Impl {
  duckdb_appender appender = nullptr;
  duckdb_logical_type types[3] = {};
};

DuckFile::DuckFile(std::string path, int threads) : path_(std::move(path)), threads_(threads) {
  Open();
}

DuckFile::~DuckFile() { Close(); }

void DuckFile::Open() {
  impl_ = std::make_unique<Impl>();
  TM_CHECK(duckdb_open(path_.c_str(), &impl_->database) == DuckDBSuccess);
  TM_CHECK(duckdb_connect(impl_->database, &impl_->connection) == DuckDBSuccess);
  Execute("SET threads = " + std::to_string(threads_));
  Execute("SET memory_limit = '8GB'");
}

void DuckFile::Close() {
  if (impl_ == nullptr) return;
  duckdb_disconnect(&impl_->connection);
  duckdb_close(&impl_->database);
  impl_.reset();
}

void DuckFile::Execute(const std::string& sql) {
  duckdb_result result;
  impl_->Ask(sql, &result);
  duckdb_destroy_result(&result);
}

std::vector<std::vector<std::string>> DuckFile::Query(const std::string& sql) {
  duckdb_result result;
  impl_->Ask("SELECT COLUMNS(*)::VARCHAR FROM (" + sql + ")", &result);
  std::vector<std::vector<std::string>> out;
  const idx_t columns = duckdb_column_count(&result);
  while (duckdb_data_chunk chunk = duckdb_fetch_chunk(result)) {
    const idx_t rows = duckdb_data_chunk_get_size(chunk);
    for (idx_t row = 0; row < rows; ++row) {
      auto& cells = out.emplace_back();
      for (idx_t column = 0; column < columns; ++column) {
        auto* texts = static_cast<duckdb_string_t*>(
            duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, column)));
        cells.emplace_back(duckdb_string_t_data(&texts[row]), duckdb_string_t_length(texts[row]));
      }
    }
    duckdb_destroy_data_chunk(&chunk);
  }
  duckdb_destroy_result(&result);
  return out;
}

uint64_t DuckFile::Run(const std::string& sql) {
  duckdb_result result;
  impl_->Ask(sql, &result);
  uint64_t rows = 0;
  while (duckdb_data_chunk chunk = duckdb_fetch_chunk(result)) {
    rows += duckdb_data_chunk_get_size(chunk);
    duckdb_destroy_data_chunk(&chunk);
  }
  duckdb_destroy_result(&result);
  return rows;
}

void DuckFile::Prepare(const std::string& sql) {
  duckdb_prepared_statement statement = nullptr;
  TM_CHECK(duckdb_prepare(impl_->connection, sql.c_str(), &statement) == DuckDBSuccess);
  duckdb_destroy_prepare(&statement);
}

std::unique_ptr<DuckFile::Appender> DuckFile::Append(const std::string& table) {
  return std::make_unique<Appender>(*impl_, table);
}

DuckFile::Appender::Appender(DuckFile::Impl& database, const std::string& table)
    : impl_(std::make_unique<Impl>()) {
  TM_CHECK(duckdb_appender_create(database.connection, nullptr, table.c_str(), &impl_->appender) ==
           DuckDBSuccess);
  impl_->types[0] = duckdb_create_logical_type(DUCKDB_TYPE_BIGINT);
  impl_->types[1] = duckdb_create_logical_type(DUCKDB_TYPE_BIGINT);
  impl_->types[2] = duckdb_create_logical_type(DUCKDB_TYPE_DOUBLE);
}

DuckFile::Appender::~Appender() {
  TM_CHECK(duckdb_appender_destroy(&impl_->appender) == DuckDBSuccess);
  for (duckdb_logical_type& type : impl_->types) duckdb_destroy_logical_type(&type);
}

void DuckFile::Appender::Series(int64_t series, std::span<const EventTime> times,
                                std::span<const double> values) {
  const size_t chunk_rows = duckdb_vector_size();
  for (size_t at = 0; at < times.size(); at += chunk_rows) {
    const size_t count = std::min(chunk_rows, times.size() - at);
    duckdb_data_chunk chunk = duckdb_create_data_chunk(impl_->types, 3);
    const auto data = [chunk](idx_t column) {
      return duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, column));
    };
    std::fill_n(static_cast<int64_t*>(data(0)), count, series);
    auto* const time = static_cast<int64_t*>(data(1));
    for (size_t i = 0; i < count; ++i) time[i] = times[at + i].ns;
    std::copy_n(values.data() + at, count, static_cast<double*>(data(2)));
    duckdb_data_chunk_set_size(chunk, count);
    TM_CHECK(duckdb_append_data_chunk(impl_->appender, chunk) == DuckDBSuccess);
    duckdb_destroy_data_chunk(&chunk);
  }
}

}  // namespace tidemark
