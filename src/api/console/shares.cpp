// SPDX-License-Identifier: Apache-2.0
#include <array>

#include <openssl/sha.h>

#include "api/console/dashboard_definition_internal.h"
#include "api/console/shares_internal.h"

namespace tidemark::console {

std::string DigestOf(std::string_view token) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(token.data()), token.size(), digest.data());
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out;
  for (const unsigned char byte : digest) {
    out.push_back(kHex[byte >> 4U]);
    out.push_back(kHex[byte & 15U]);
  }
  return out;
}

void Shares::Put(const catalog::DashboardDef& def) {
  std::vector<std::pair<std::string, std::shared_ptr<const ShareAccess>>> made;
  if (!def.versions.empty() && !def.shares.empty()) {
    const auto definition = ParseDefinition(def.versions.front().definition);
    for (const catalog::DashboardShareDef& share : def.shares) {
      auto access = std::make_shared<ShareAccess>();
      access->dashboard = def.name;
      access->share = share.name;
      access->expires = share.expires;
      access->variables_json = share.variables_json;
      if (definition.ok()) access->tables = definition->Tables();
      made.emplace_back(share.digest, std::move(access));
    }
  }
  Remove(def.name);
  const MutexLock lock(mutex_);
  for (auto& [digest, access] : made) by_digest_.insert_or_assign(digest, std::move(access));
}

void Shares::Remove(std::string_view dashboard) {
  const MutexLock lock(mutex_);
  std::erase_if(by_digest_,
                [&](const auto& entry) { return entry.second->dashboard == dashboard; });
}

std::shared_ptr<const ShareAccess> Shares::Find(std::string_view token, ArrivalTime now) const {
  // By digest: how long the search takes tells nothing about a token.
  const std::string digest = DigestOf(token);
  const MutexLock lock(mutex_);
  const auto found = by_digest_.find(digest);
  if (found == by_digest_.end()) return nullptr;
  if (found->second->expires && *found->second->expires <= now) return nullptr;
  return found->second;
}

}  // namespace tidemark::console
