// SPDX-License-Identifier: Apache-2.0
#include "store/conflict.h"

#include <algorithm>
#include <limits>

namespace tidemark::store {
namespace {

Verdict OrderByVersion(const IncomingWrite& incoming, const StoredWrite& stored) {
  if (incoming.version > stored.version) {
    return {
        .outcome = Outcome::kReplaced, .reason = RejectReason::kNone, .version = incoming.version};
  }
  if (stored.same_value) {
    return {
        .outcome = Outcome::kUnchanged, .reason = RejectReason::kNone, .version = stored.version};
  }
  const RejectReason reason = incoming.version == stored.version ? RejectReason::kVersionExists
                                                                 : RejectReason::kVersionLower;
  return {.outcome = Outcome::kRejected, .reason = reason, .version = stored.version};
}

Verdict OrderLastWins(const IncomingWrite& incoming, const StoredWrite& stored) {
  if (stored.same_value) {
    return {
        .outcome = Outcome::kUnchanged, .reason = RejectReason::kNone, .version = stored.version};
  }
  // A client may have stored the largest version there is; nothing can follow it.
  if (stored.version == std::numeric_limits<int64_t>::max()) {
    return {.outcome = Outcome::kRejected,
            .reason = RejectReason::kVersionExists,
            .version = stored.version};
  }
  return {.outcome = Outcome::kReplaced,
          .reason = RejectReason::kNone,
          .version = std::max(incoming.arrival.ms, stored.version + 1)};
}

}  // namespace

bool HoldsPosition(ConflictRule rule, std::span<const Rejection> rejections) {
  return std::ranges::any_of(rejections, [rule](const Rejection& rejection) {
    const bool of_version = rejection.reason == RejectReason::kVersionExists ||
                            rejection.reason == RejectReason::kVersionLower;
    return rule != ConflictRule::kByVersion || !of_version;
  });
}

Verdict OrderWrites(const IncomingWrite& incoming, const std::optional<StoredWrite>& stored) {
  const bool by_version = incoming.rule == ConflictRule::kByVersion;
  if (!stored) {
    if (incoming.tombstone) return {.outcome = Outcome::kUnchanged};
    return {.outcome = Outcome::kAccepted,
            .reason = RejectReason::kNone,
            .version = by_version ? incoming.version : std::max<int64_t>(incoming.arrival.ms, 1)};
  }
  return by_version ? OrderByVersion(incoming, *stored) : OrderLastWins(incoming, *stored);
}

}  // namespace tidemark::store
