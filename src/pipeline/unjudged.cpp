// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <utility>

#include "pipeline/unjudged_internal.h"

namespace tidemark::pipeline {

void Unjudged::Add(std::shared_ptr<Work> work, std::vector<size_t> points, MonotonicTime now) {
  if (batches_.empty()) next_ = now + kInterval;
  batches_.push_back({std::move(work), std::move(points), now + kPatience});
}

const std::string* Unjudged::HoldOf(uint32_t partition) const {
  // The oldest batch of a partition is the first: batches of one are written in order.
  for (const Batch& batch : batches_) {
    if (batch.work->batch.partition == partition) return &batch.work->start_position;
  }
  return nullptr;
}

std::optional<MonotonicTime> Unjudged::due() const {
  if (batches_.empty() || offering_) return std::nullopt;
  return next_;
}

std::span<const store::PointView> Unjudged::BeginOffer() {
  offering_ = true;
  batches_offered_ = batches_.size();
  offered_.clear();
  for (const Batch& batch : batches_) {
    for (const size_t point : batch.points) offered_.push_back(batch.work->decoded.points[point]);
  }
  return offered_;
}

Unjudged::Settled Unjudged::EndOffer(const Result<store::WriteReply>& reply, MonotonicTime now) {
  offering_ = false;
  next_ = now + kInterval;
  Settled settled;
  if (!reply.ok()) return settled;  // full: nothing was judged
  std::map<size_t, const store::Rejection*> rejected;
  for (const store::Rejection& rejection : reply->rejections)
    rejected[rejection.index] = &rejection;
  size_t index = 0;
  for (size_t b = 0; b < batches_offered_; ++b) {
    Batch& batch = batches_[b];
    std::vector<size_t> left;
    std::vector<DeadLetter> letters;
    for (const size_t point : batch.points) {
      const auto found = rejected.find(index++);
      if (found == rejected.end()) {
        ++settled.taken;
      } else if (found->second->reason == store::RejectReason::kDamaged && now < batch.give_up_at) {
        left.push_back(point);
      } else {
        letters.push_back({batch.work->decoded.records[point], ReasonOf(found->second->reason), "",
                           found->second->text});
      }
    }
    batch.points = std::move(left);
    if (!letters.empty()) settled.given_up.push_back({batch.work, std::move(letters)});
  }
  std::erase_if(batches_, [](const Batch& batch) { return batch.points.empty(); });
  batches_offered_ = 0;
  return settled;
}

}  // namespace tidemark::pipeline
