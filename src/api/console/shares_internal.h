// SPDX-License-Identifier: Apache-2.0
// Tokens that read one published dashboard (web/API.md section 13): who holds which. Only digests
// of tokens are kept. Thread-safe; never waits but for its own short lock.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/time.h"
#include "catalog/definitions.h"

namespace tidemark::console {

/// What a token gives. Immutable.
struct ShareAccess {
  std::string dashboard;
  std::string share;
  std::optional<ArrivalTime> expires;
  std::string variables_json;                            // "": none are fixed
  std::set<std::pair<std::string, std::string>> tables;  // that the published panels name

  bool Reads(std::string_view database, std::string_view table) const {
    return tables.contains({std::string(database), std::string(table)});
  }
};

/// SHA-256 as hexadecimal digits.
std::string DigestOf(std::string_view token);

class Shares {
 public:
  /// Replaces what is known of the dashboard.
  void Put(const catalog::DashboardDef& def) TM_EXCLUDES(mutex_);
  void Remove(std::string_view dashboard) TM_EXCLUDES(mutex_);
  /// Null: unknown or expired.
  std::shared_ptr<const ShareAccess> Find(std::string_view token, ArrivalTime now) const
      TM_EXCLUDES(mutex_);

 private:
  mutable Mutex mutex_;
  std::map<std::string, std::shared_ptr<const ShareAccess>, std::less<>> by_digest_
      TM_GUARDED_BY(mutex_);
};

}  // namespace tidemark::console
