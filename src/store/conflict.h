// SPDX-License-Identifier: Apache-2.0
// The one pure function that orders two writes of one (series, time); design: section 8, rule 2.
// Arrival and assigned versions come from the batch or the frame, never from a clock. Immutable
// values.
#pragma once

#include <cstdint>
#include <optional>

#include "store/store.h"

namespace tidemark::store {

struct IncomingWrite {
  ConflictRule rule = ConflictRule::kByVersion;
  int64_t version = 1;  // kByVersion
  ArrivalTime arrival;  // kLastWins
  bool tombstone = false;
};

struct StoredWrite {
  int64_t version = 1;
  bool same_value = false;  // bitwise; an owned row's RowInfo belongs to its value
};

struct Verdict {
  Outcome outcome = Outcome::kAccepted;
  RejectReason reason = RejectReason::kNone;
  int64_t version = 1;  // accepted or replaced: the version to store
};

/// timestream-api.md 4.6 for kByVersion (an equal value at a higher version is kReplaced: the
/// stored version advances); design: section 5 for kLastWins. Deleting what does not exist is
/// kUnchanged.
Verdict OrderWrites(const IncomingWrite& incoming, const std::optional<StoredWrite>& stored);

/// Which of two journaled writes of one key stays: the higher version, of equal ones the first.
/// Commutative but for the tie, so runs and frames merge in any order.
constexpr bool Supersedes(int64_t version, int64_t earlier_version) {
  return version > earlier_version;
}

}  // namespace tidemark::store
