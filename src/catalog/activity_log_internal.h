// SPDX-License-Identifier: Apache-2.0
// The newest activities, kept as rows of the catalog's file that are written in the transaction of
// the change they tell of: there is no entry without its change, and no change without its entry.
// Guarded by the catalog's mutex.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/activity.h"
#include "catalog/sqlite_file_internal.h"

namespace tidemark::catalog {

class ActivityLog {
 public:
  /// An entry on its way into the file.
  struct Pending {
    Activity entry;
    std::vector<uint64_t> gone;  // numbers that give way
    std::vector<SettingChange> rows;
  };

  /// True: the setting is an entry, and was taken.
  bool Load(std::string_view key, std::string_view value);
  /// Once everything was loaded.
  void Sort();

  Pending Prepare(Activity entry) const;
  /// The file has it.
  void Add(Pending pending);

  uint64_t newest() const { return entries_.empty() ? 0 : entries_.back().number; }
  /// Those with a number above `after`, the newest first, at most `limit`.
  std::vector<Activity> List(uint64_t after, size_t limit) const;

 private:
  std::deque<Activity> entries_;  // by number
};

}  // namespace tidemark::catalog
