// SPDX-License-Identifier: Apache-2.0
// The operator's verbs.
#include "store/admin.h"

#include "store/embedded_state_internal.h"

namespace tidemark::store {

std::vector<DamagedRange> EmbeddedStore::Damaged(TableId /*table*/) { return {}; }
void EmbeddedStore::Flush(Completion<void> done) { done({}); }
void EmbeddedStore::Compact(CompactMode /*mode*/, Completion<void> done) { done({}); }
StorageReport EmbeddedStore::Report() { return {}; }
std::vector<DamagedFile> EmbeddedStore::Damaged() { return {}; }
Result<void> EmbeddedStore::AcceptGap(const std::string& file) {
  return Error{Code::kNotFound, "no damaged file is named " + file};
}
Result<Positions> EmbeddedStore::BackupTo(const std::string& /*dir*/) { return End(); }

}  // namespace tidemark::store
