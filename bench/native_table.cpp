// SPDX-License-Identifier: Apache-2.0
#include "native_table.h"

#include <duckdb.h>

#include "base/check.h"

namespace tidemark {

struct NativeTable::Impl {
  duckdb_database database = nullptr;
  duckdb_connection connection = nullptr;
  duckdb_appender appender = nullptr;

  void Execute(const std::string& sql, duckdb_result* out) const {
    TM_CHECK(duckdb_query(connection, sql.c_str(), out) == DuckDBSuccess);
  }
};

NativeTable::NativeTable(int threads) : impl_(std::make_unique<Impl>()) {
  TM_CHECK(duckdb_open(nullptr, &impl_->database) == DuckDBSuccess);
  TM_CHECK(duckdb_connect(impl_->database, &impl_->connection) == DuckDBSuccess);
  for (const std::string& sql :
       {"SET threads = " + std::to_string(threads),
        std::string("CREATE TABLE points (measure_name VARCHAR, region VARCHAR, zone VARCHAR, "
                    "host VARCHAR, time BIGINT, value DOUBLE)")}) {
    duckdb_result result;
    impl_->Execute(sql, &result);
    duckdb_destroy_result(&result);
  }
  TM_CHECK(duckdb_appender_create(impl_->connection, nullptr, "points", &impl_->appender) ==
           DuckDBSuccess);
}

NativeTable::~NativeTable() {
  if (impl_->appender != nullptr) duckdb_appender_destroy(&impl_->appender);
  duckdb_disconnect(&impl_->connection);
  duckdb_close(&impl_->database);
}

void NativeTable::Append(const NativeSeries& series, std::span<const EventTime> times,
                         std::span<const double> values) {
  const std::string* const texts[] = {&series.measure, &series.region, &series.zone, &series.host};
  duckdb_logical_type types[6];
  for (int i = 0; i < 4; ++i) types[i] = duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR);
  types[4] = duckdb_create_logical_type(DUCKDB_TYPE_BIGINT);
  types[5] = duckdb_create_logical_type(DUCKDB_TYPE_DOUBLE);
  const size_t chunk_rows = duckdb_vector_size();
  for (size_t at = 0; at < times.size(); at += chunk_rows) {
    const size_t count = std::min(chunk_rows, times.size() - at);
    duckdb_data_chunk chunk = duckdb_create_data_chunk(types, 6);
    for (idx_t column = 0; column < 4; ++column) {
      duckdb_vector vector = duckdb_data_chunk_get_vector(chunk, column);
      for (size_t i = 0; i < count; ++i) {
        duckdb_vector_assign_string_element_len(vector, i, texts[column]->data(),
                                                texts[column]->size());
      }
    }
    auto* time =
        static_cast<int64_t*>(duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, 4)));
    auto* value =
        static_cast<double*>(duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, 5)));
    for (size_t i = 0; i < count; ++i) {
      time[i] = times[at + i].ns;
      value[i] = values[at + i];
    }
    duckdb_data_chunk_set_size(chunk, count);
    TM_CHECK(duckdb_append_data_chunk(impl_->appender, chunk) == DuckDBSuccess);
    duckdb_destroy_data_chunk(&chunk);
  }
  for (duckdb_logical_type& type : types) duckdb_destroy_logical_type(&type);
}

void NativeTable::FinishAppend() {
  TM_CHECK(duckdb_appender_destroy(&impl_->appender) == DuckDBSuccess);
  impl_->appender = nullptr;
}

std::vector<std::vector<std::string>> NativeTable::Query(const std::string& sql) {
  duckdb_result result;
  impl_->Execute("SELECT COLUMNS(*)::VARCHAR FROM (" + sql + ")", &result);
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

uint64_t NativeTable::Run(const std::string& sql) {
  duckdb_result result;
  impl_->Execute(sql, &result);
  uint64_t rows = 0;
  while (duckdb_data_chunk chunk = duckdb_fetch_chunk(result)) {
    rows += duckdb_data_chunk_get_size(chunk);
    duckdb_destroy_data_chunk(&chunk);
  }
  duckdb_destroy_result(&result);
  return rows;
}

}  // namespace tidemark
