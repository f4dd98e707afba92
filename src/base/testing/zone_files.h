// SPDX-License-Identifier: Apache-2.0
// Zone files that a test makes, and a directory of them that stands in for the system's.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/testing/temp_dir.h"

namespace tidemark {

/// A TZif file of the second version: `first_offset` before the first change; from each time
/// (seconds since 1970) on the offset beside it; behind the last one `rule`, a POSIX TZ text.
inline std::string MakeTzif(std::string_view rule, int64_t first_offset = 0,
                            const std::vector<std::pair<int64_t, int64_t>>& changes = {}) {
  const auto integer = [](std::string& out, int64_t value, unsigned bytes) {
    for (unsigned i = bytes; i-- > 0;) {
      out += static_cast<char>(static_cast<uint64_t>(value) >> (8 * i) & 0xffU);
    }
  };
  const auto head = [&](std::string& out, size_t times) {
    out += "TZif2" + std::string(15, '\0');
    for (const size_t count : {size_t{0}, size_t{0}, size_t{0}, times, times + 1, size_t{4}}) {
      integer(out, static_cast<int64_t>(count), 4);
    }
  };
  const auto type = [&](std::string& out, int64_t offset) {
    integer(out, offset, 4);
    out += std::string(2, '\0');
  };
  std::string out;
  head(out, 0);
  type(out, first_offset);
  out += std::string("LMT\0", 4);
  head(out, changes.size());
  for (const auto& change : changes) integer(out, change.first, 8);
  for (size_t i = 0; i < changes.size(); ++i) out += static_cast<char>(i + 1);
  type(out, first_offset);
  for (const auto& change : changes) type(out, change.second);
  out += std::string("LMT\0", 4);
  return out.append("\n").append(rule).append("\n");
}

/// TZDIR as long as it lives. Not beside threads that look at the environment.
class ZoneDirectory {
 public:
  ZoneDirectory() {
    if (const char* before = std::getenv("TZDIR")) before_ = before;
    TM_CHECK(::setenv("TZDIR", dir_.path().c_str(), 1) == 0);
  }
  ~ZoneDirectory() { before_ ? ::setenv("TZDIR", before_->c_str(), 1) : ::unsetenv("TZDIR"); }
  ZoneDirectory(const ZoneDirectory&) = delete;
  ZoneDirectory& operator=(const ZoneDirectory&) = delete;

  void Write(const std::string& name, std::string_view bytes) {
    const std::filesystem::path path(dir_.File(name));
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << bytes;
  }
  void SetVersion(const std::string& version) {
    Write("tzdata.zi", "# version " + version + "\n# of a test\n");
  }
  void Remove(const std::string& name) { std::filesystem::remove(dir_.File(name)); }

 private:
  TempDir dir_;
  std::optional<std::string> before_;
};

}  // namespace tidemark
