// SPDX-License-Identifier: Apache-2.0
#include "bulk_writer.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "base/check.h"

namespace tidemark {

BulkWriter::BulkWriter(store::Store& store, Options options) : store_(store), options_(options) {
  for (size_t i = 0; i < options_.in_flight_max; ++i) slots_.push_back(std::make_unique<Slot>());
}

BulkWriter::~BulkWriter() { Drain(); }

void BulkWriter::Submit(Slot& slot) {
  store::WriteBatch batch;
  batch.points = slot.points;
  batch.rule = options_.rule;
  batch.time_check = store::WriteBatch::TimeCheck::kNone;
  store_.Write(batch, [this, &slot](const Result<store::WriteReply>& reply) {
    if (!reply.ok() && reply.error().code != Code::kResourceExhausted) {
      std::fprintf(stderr, "write: %s\n", reply.error().message.c_str());
      std::abort();
    }
    TM_CHECK(!reply.ok() || reply->rejections.empty());
    const std::scoped_lock lock(mutex_);
    slot.refused = !reply.ok();
    slot.busy = slot.refused;  // stays taken until it is written again
    changed_.notify_all();
  });
}

BulkWriter::Slot& BulkWriter::FreeSlot() {
  while (true) {
    Slot* again = nullptr;
    {
      std::unique_lock lock(mutex_);
      for (const auto& slot : slots_) {
        if (!slot->busy) {
          slot->busy = true;
          return *slot;
        }
        if (slot->refused && again == nullptr) again = slot.get();
      }
      if (again == nullptr) {
        changed_.wait(lock);
        continue;
      }
      again->refused = false;
      ++refused_;
      // Room comes with time, not with an event: a client would back off as well.
      changed_.wait_for(lock, std::chrono::milliseconds(1));
    }
    Submit(*again);
  }
}

void BulkWriter::Write(std::span<const store::PointView> points) {
  Slot& slot = FreeSlot();
  slot.points.assign(points.begin(), points.end());
  Submit(slot);
}

void BulkWriter::Drain() {
  while (true) {
    std::vector<Slot*> again;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] {
        return std::ranges::all_of(slots_, [](const auto& s) { return !s->busy || s->refused; });
      });
      for (const auto& slot : slots_) {
        if (slot->refused) {
          slot->refused = false;
          again.push_back(slot.get());
        }
      }
      if (again.empty()) return;
      refused_ += again.size();
      changed_.wait_for(lock, std::chrono::milliseconds(1));
    }
    for (Slot* slot : again) Submit(*slot);
  }
}

}  // namespace tidemark
