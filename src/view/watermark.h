// SPDX-License-Identifier: Apache-2.0
// One view's watermark from the journaled clocks of all partitions that feed its source table
// (event-time.md section 2). Single-owner.
//
// The value is the exclusive frontier F = min over partitions that are not idle of
// max(floor, max_event_time - out_of_orderness): complete up to F. A known partition without a
// record holds it; when all are idle the maximum counts; it never falls.
#pragma once

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "store/types.h"
#include "view/maintainer.h"

namespace tidemark::view {

class WatermarkTracker {
 public:
  /// Source `direct` counts as idle this long after its last accepted write.
  static constexpr nanoseconds kDirectIdleAfter = seconds(1);

  explicit WatermarkTracker(nanoseconds out_of_orderness) : bound_(out_of_orderness) {}

  /// Goes on from a journaled value.
  void Restore(std::optional<EventTime> watermark) { watermark_ = watermark; }
  /// Takes in one partition's newest clock; repeats and older ones change nothing but `idle`.
  void Fold(const store::SourceProgress& progress, MonotonicTime now);
  /// Whether this clock may hold the watermark back from now on, and did not before: its partition
  /// is not known yet, or was idle and is not any more.
  bool Joins(const store::SourceProgress& progress, MonotonicTime now) const;
  /// Notes where a source that began at `latest` became whole, the first call for a partition
  /// decides; and where one is whole again that lost records unread, the latest counts.
  void NoteStart(const store::SourceProgress& progress);
  /// Only these pipelines count; none given: all.
  void SetPipelines(std::optional<std::vector<PipelineId>> pipelines);

  struct Now {
    MonotonicTime monotonic;
    EventTime wall;
  };
  /// Raises the watermark if the clocks allow it and returns it.
  std::optional<EventTime> Combine(Now now);
  /// The same for a view over a view: what that one's watermark allows is `upstream`, and the
  /// partitions are those that it is made of.
  std::optional<EventTime> Follow(std::optional<EventTime> upstream, Now now);
  std::optional<EventTime> value() const { return watermark_; }
  /// When `direct` becomes idle, if that is still to come: combine again then.
  std::optional<MonotonicTime> NextIdle(MonotonicTime now) const;

  /// Windows that start before this were never whole: a source began at `latest`
  /// (event-time.md 6.5). None: all are whole.
  std::optional<EventTime> whole_from() const;
  bool KnowsStart(store::SourceId source, uint32_t partition) const {
    return whole_from_.contains({source, partition});
  }

  std::vector<PartitionStatus> Statuses(MonotonicTime now) const;

  /// What has to survive a restart besides the watermark: where incomplete sources became whole.
  void AppendTo(ByteWriter& out) const;
  void Read(ByteReader& in);

 private:
  using Key = std::pair<store::SourceId, uint32_t>;
  struct Partition {
    std::optional<EventTime> max_event_time;
    std::optional<EventTime> floor;  // no later record is older: punctuation, parents
    bool idle = false;
    bool complete = true;
    MonotonicTime seen;  // `direct` only
  };

  bool Counts(const Key& key) const;
  void NoteIdleStart(const Key& key, const Partition& p, Now now);
  /// What the partition alone is complete up to; none: it holds the watermark.
  std::optional<EventTime> FrontierOf(const Partition& p) const;
  bool IsIdle(const Key& key, const Partition& p, MonotonicTime now) const;

  const nanoseconds bound_;
  std::optional<EventTime> watermark_;
  std::map<Key, Partition> partitions_;
  std::map<Key, EventTime> whole_from_;  // incomplete partitions only
  std::optional<std::vector<PipelineId>> pipelines_;
};

}  // namespace tidemark::view
