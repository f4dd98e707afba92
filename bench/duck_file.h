// SPDX-License-Identifier: Apache-2.0
// A DuckDB database in a file, or in memory: the baseline of blocks_bench, sql_bench and
// scan_bench. Single-owner.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/time.h"

namespace tidemark {

class DuckFile {
 public:
  /// ":memory:" for one without a file.
  DuckFile(std::string path, int threads);
  ~DuckFile();
  DuckFile(const DuckFile&) = delete;
  DuckFile& operator=(const DuckFile&) = delete;

  void Execute(const std::string& sql);
  /// Appends (series, time, value) to a table of those three columns.
  class Appender;
  std::unique_ptr<Appender> Append(const std::string& table);
  /// Cells as text, row by row; doubles with 17 digits.
  std::vector<std::vector<std::string>> Query(const std::string& sql);
  /// Runs it to the end and fetches every chunk; the number of rows.
  uint64_t Run(const std::string& sql);
  /// Parses, binds and plans it, no more.
  void Prepare(const std::string& sql);
  void Close();
  void Open();

  struct Impl;

 private:
  const std::string path_;
  const int threads_;
  std::unique_ptr<Impl> impl_;
};

class DuckFile::Appender {
 public:
  explicit Appender(DuckFile::Impl& database, const std::string& table);
  ~Appender();
  Appender(const Appender&) = delete;
  Appender& operator=(const Appender&) = delete;

  void Series(int64_t series, std::span<const EventTime> times, std::span<const double> values);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tidemark
