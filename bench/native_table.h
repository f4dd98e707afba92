// SPDX-License-Identifier: Apache-2.0
// The baseline of scan_bench: the same rows in a table of DuckDB's own, in memory. Single-owner.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/time.h"

namespace tidemark {

struct NativeSeries {
  std::string measure;
  std::string region;
  std::string zone;
  std::string host;
};

class NativeTable {
 public:
  explicit NativeTable(int threads);
  ~NativeTable();
  NativeTable(const NativeTable&) = delete;
  NativeTable& operator=(const NativeTable&) = delete;

  void Append(const NativeSeries& series, std::span<const EventTime> times,
              std::span<const double> values);
  void FinishAppend();
  /// Cells as text, row by row; doubles with 17 digits.
  std::vector<std::vector<std::string>> Query(const std::string& sql);
  /// Runs it to the end and looks at every cell; the number of rows.
  uint64_t Run(const std::string& sql);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tidemark
