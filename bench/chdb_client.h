// SPDX-License-Identifier: Apache-2.0
// The parent's side of chdb_child. Single-owner.
#pragma once

#include <sys/types.h>

#include <cstdio>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace tidemark {

class ChdbClient {
 public:
  /// The library of `make bench`, or of TM_CHDB_LIBRARY; none: not installed.
  static std::optional<std::string> FindLibrary();

  /// Starts the child (beside this program) on `data_dir`; ends the program when that fails.
  ChdbClient(std::string library, std::string data_dir);
  ~ChdbClient();
  ChdbClient(const ChdbClient&) = delete;
  ChdbClient& operator=(const ChdbClient&) = delete;

  /// A statement without an answer.
  void Execute(const std::string& sql) { Ask("Null", sql); }
  /// Cells as text, row by row.
  std::vector<std::vector<std::string>> Query(const std::string& sql);
  /// Seconds that the query took inside the child; the rows are thrown away there.
  double Run(const std::string& sql);
  /// Ends the child and starts another on the same data; `between` runs while there is none.
  void Restart(const std::function<void()>& between);

 private:
  struct Reply {
    double seconds = 0;
    std::string bytes;
  };

  void Start();
  void Stop();
  Reply Ask(const std::string& format, const std::string& sql);
  Reply ReadReply(const std::string& sql);

  const std::string library_;
  const std::string data_dir_;
  pid_t child_ = -1;
  std::FILE* requests_ = nullptr;
  std::FILE* replies_ = nullptr;
};

}  // namespace tidemark
