// SPDX-License-Identifier: Apache-2.0
// A store that can be closed and opened again, with what survived: the model (everything) or the
// embedded store on the simulated file system (what was synced, or all that was written).
// Single-owner.
#pragma once

#include <memory>

#include "base/clock.h"
#include "base/executor.h"
#include "store/admin.h"
#include "store/store.h"
#include "store/testing/model_store.h"

namespace tidemark::view {

class StoreHost {
 public:
  virtual ~StoreHost() = default;
  /// Valid until Close(). `executor` must outlive that.
  virtual store::Store& Open(Executor& executor) = 0;
  virtual void Close() = 0;
  /// Whether Write() runs its completion inside.
  virtual bool completes_at_once() const = 0;
  /// To trim its feed and damage it; null: not the model.
  virtual store::ModelStore* model() { return nullptr; }
  /// To seal and merge it; null: the model.
  virtual store::Admin* admin() { return nullptr; }
};

std::unique_ptr<StoreHost> MakeModelHost(const Clock& clock, uint64_t seed);
/// Close() is a kill or a power loss, drawn from the seed.
std::unique_ptr<StoreHost> MakeEmbeddedHost(const Clock& clock, uint64_t seed);

}  // namespace tidemark::view
