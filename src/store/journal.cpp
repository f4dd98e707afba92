// SPDX-License-Identifier: Apache-2.0
// Writing; the start is in journal_recovery.cpp.
#include "store/journal.h"

#include <algorithm>

#include "base/check.h"
#include "base/logging.h"
#include "store/segment_reader.h"

namespace tidemark::store {

Journal::Journal(JournalOptions options, FileSystem& fs, const Clock& clock,
                 MetricRegistry& metrics)
    : options_(std::move(options)),
      fs_(fs),
      clock_(clock),
      fsyncs_(metrics.GetCounter("tidemark_store_journal_fsyncs_total",
                                 "Syncs of the store's journal")),
      bytes_written_(metrics.GetCounter("tidemark_store_journal_bytes_total",
                                        "Bytes written to the store's journal")),
      frames_(metrics.GetCounter("tidemark_store_journal_frames_total",
                                 "Frames of the store's journal")) {}

Journal::SlotRef Journal::Begin() {
  auto slot = std::make_shared<Slot>();
  const MutexLock lock(mutex_);
  slot->lsn = next_lsn_++;
  queue_.push_back(slot);
  return slot;
}

void Journal::Commit(const SlotRef& slot) {
  std::optional<Error> failed;
  {
    const MutexLock lock(mutex_);
    slot->ready = true;
    queued_bytes_ += slot->records.size();
    if (failure_) {
      failed = failure_;
      std::erase(queue_, slot);
      queued_bytes_ -= slot->records.size();
    }
  }
  if (failed) {
    slot->finish(*std::move(failed));
    return;
  }
  if (wake_) wake_();
}

void Journal::Abandon(const SlotRef& slot) {
  const MutexLock lock(mutex_);
  std::erase(queue_, slot);
}

void Journal::WhenDurable(uint64_t lsn, std::move_only_function<void(Result<void>)> finish) {
  std::optional<Error> failed;
  {
    const MutexLock lock(mutex_);
    if (durable_lsn_ < lsn && !failure_) {
      waiters_.push_back({lsn, std::move(finish)});
      return;
    }
    if (durable_lsn_ < lsn) failed = failure_;
  }
  if (failed) {
    finish(*std::move(failed));
  } else {
    finish({});
  }
}

Result<void> Journal::CommitUpTo(uint64_t lsn) {
  while (true) {
    {
      const MutexLock lock(mutex_);
      if (durable_lsn_ >= lsn) return {};
      if (failure_) return *failure_;
    }
    TM_ASSIGN_OR_RETURN([[maybe_unused]] const Progress progress, Step());
  }
}

std::vector<Journal::SlotRef> Journal::TakeReady(uint64_t& visible_up_to) {
  const MutexLock lock(mutex_);
  std::vector<SlotRef> batch;
  uint64_t bytes = 0;
  while (!queue_.empty() && queue_.front()->ready && !failure_) {
    const uint64_t size = queue_.front()->records.size();
    // LSN distances inside a frame are 32 bits.
    if (!batch.empty() && (bytes + size > options_.frame_bytes_max ||
                           queue_.front()->lsn - batch.front()->lsn > UINT32_MAX)) {
      break;
    }
    bytes += size;
    visible_up_to = queue_.front()->lsn;
    if (batch.empty()) writing_lsn_ = visible_up_to;
    batch.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return batch;
}

std::vector<Journal::SlotRef> Journal::CommitFrame(std::optional<Error>& error, bool& more) {
  const MutexLock step(step_mutex_);
  uint64_t last = 0;
  std::vector<SlotRef> batch = TakeReady(last);
  if (batch.empty()) return batch;
  uint64_t bytes = 0;
  for (const SlotRef& slot : batch) bytes += slot->records.size();
  if (auto written = WriteFrame(batch); !written.ok()) {
    error = std::move(written).error().With("write the journal");
    Log(LogLevel::kError, "store", "the journal failed: read-only until the next start",
        {{"error", error->message}});
    Fail(*error);
    return batch;
  }
  if (publish_) publish_(last);
  for (const SlotRef& slot : batch) {
    if (slot->apply) slot->apply();
  }
  {
    const MutexLock lock(mutex_);
    durable_lsn_ = last;
    writing_lsn_ = 0;
    queued_bytes_ -= bytes;
    more = !queue_.empty() && queue_.front()->ready;
  }
  if (published_) published_();
  // The next frame proves the same.
  if (more) return batch;
  if (auto confirmed = ConfirmFrame(); !confirmed.ok()) {
    // This frame is synced all the same.
    const Error failed = std::move(confirmed).error().With("write the journal");
    Log(LogLevel::kError, "store", "the journal failed: read-only until the next start",
        {{"error", failed.message}});
    Fail(failed);
  }
  return batch;
}

Result<uint64_t> Journal::CopyTo(const std::string& to, uint64_t lsn) {
  const MutexLock files(files_mutex_);
  std::vector<SegmentInfo> segments;
  uint64_t last = 0;
  {
    const MutexLock lock(mutex_);
    segments = segments_;
    last = durable_lsn_;
  }
  for (size_t i = 0; i < segments.size(); ++i) {
    const SegmentInfo& segment = segments[i];
    const bool active = i + 1 == segments.size();
    if (!active && segment.last_lsn <= lsn) continue;
    const std::string from = SegmentPath(options_.dir, segment.file_no);
    const std::string target = SegmentPath(to, segment.file_no);
    if (!active) {
      const auto linked = fs_.Link(from, target);
      if (linked.ok()) continue;
      if (linked.error().code != Code::kUnimplemented) return linked.error();
    }
    TM_RETURN_IF_ERROR(CopyFile(fs_, from, target, segment.valid_bytes));
  }
  TM_RETURN_IF_ERROR(fs_.SyncDir(to));
  return last;
}

Result<Progress> Journal::Step() {
  std::optional<Error> error;
  Progress progress;
  const std::vector<SlotRef> batch = CommitFrame(error, progress.more);
  // Outside the lock: what a completion hands on may come back here.
  for (const SlotRef& slot : batch) {
    if (error) {
      slot->finish(*error);
    } else {
      slot->finish({});
    }
  }
  if (!error && !batch.empty()) RunWaiters();
  return progress;
}

Result<void> Journal::WriteFrame(const std::vector<SlotRef>& batch) {
  if (file_->size() >= options_.segment_bytes_max) TM_RETURN_IF_ERROR(Roll());
  const uint64_t offset = file_->size();
  std::string payload;
  for (const SlotRef& slot : batch) {
    AppendBatch(slot->records, static_cast<uint32_t>(slot->lsn - batch.front()->lsn), payload);
  }
  FrameHeader header;
  header.lsn_first = batch.front()->lsn;
  header.batch_count = static_cast<uint32_t>(batch.size());
  header.durable_lsn = durable_lsn();
  header.written_ns = clock_.Now().AsEventTime().ns;
  header.previous_crc = frame_.payload_crc;
  scratch_.clear();
  AppendFrame(header, payload, header_.file_no, offset, scratch_);
  TM_RETURN_IF_ERROR(file_->Append(AsBytes(scratch_)));
  TM_RETURN_IF_ERROR(file_->Sync());
  fsyncs_.Add();
  frames_.Add();
  bytes_written_.Add(scratch_.size());
  written_bytes_ += scratch_.size();
  frame_ = header;
  extent_ = {offset, offset + scratch_.size()};
  const MutexLock lock(mutex_);
  SegmentInfo& segment = segments_.back();
  if (segment.first_lsn == 0) segment.first_lsn = header.lsn_first;
  segment.last_lsn = batch.back()->lsn;
  total_bytes_ += extent_.end - segment.valid_bytes;
  segment.valid_bytes = extent_.end;
  return {};
}

Result<void> Journal::ConfirmFrame() {
  scratch_.clear();
  AppendConfirmation(frame_, extent_, durable_lsn(), header_.file_no, scratch_);
  TM_RETURN_IF_ERROR(file_->Append(AsBytes(scratch_)));
  bytes_written_.Add(scratch_.size());
  written_bytes_ += scratch_.size();
  return {};
}

uint64_t Journal::begun_lsn() const {
  const MutexLock lock(mutex_);
  return std::max(durable_lsn_, next_lsn_ - 1);
}

bool Journal::Settled(uint64_t lsn) const {
  const MutexLock lock(mutex_);
  if (failure_) return false;
  if (writing_lsn_ != 0 && writing_lsn_ <= lsn) return false;
  return queue_.empty() || queue_.front()->lsn > lsn;
}

std::vector<Journal::SegmentInfo> Journal::SegmentsUpTo(uint64_t lsn) const {
  const MutexLock lock(mutex_);
  std::vector<SegmentInfo> out;
  for (size_t i = 0; i + 1 < segments_.size() && segments_[i].last_lsn <= lsn; ++i)
    out.push_back(segments_[i]);
  return out;
}

Result<void> Journal::RemoveUpTo(uint64_t file_no) {
  const MutexLock files(files_mutex_);
  std::vector<uint64_t> gone;
  {
    const MutexLock lock(mutex_);
    while (segments_.size() > 1 && segments_.front().file_no <= file_no) {
      gone.push_back(segments_.front().file_no);
      total_bytes_ -= segments_.front().valid_bytes;
      segments_.erase(segments_.begin());
    }
  }
  // Oldest first: what a crash leaves is a suffix.
  for (const uint64_t number : gone)
    TM_RETURN_IF_ERROR(fs_.Remove(SegmentPath(options_.dir, number)));
  return gone.empty() ? Result<void>() : fs_.SyncDir(options_.dir);
}

Result<void> Journal::Roll() {
  SegmentHeader next = header_;
  next.file_no = header_.file_no + 1;
  next.previous_file_no = header_.file_no;
  next.previous_valid_bytes = extent_.end;
  next.previous_last_lsn = durable_lsn();
  return StartSegment(next, {});
}

Result<void> Journal::StartSegment(const SegmentHeader& header, std::string_view first_frame) {
  SegmentHeader stamped = header;
  stamped.created_ns = clock_.Now().AsEventTime().ns;
  const std::string path = SegmentPath(options_.dir, header.file_no);
  const std::string temporary = path + ".new";
  // The name appears only once header and copied frame are durable: invariant 4.
  TM_ASSIGN_OR_RETURN(auto file, fs_.OpenAppend(temporary, OpenMode::kTruncate));
  std::string contents = EncodeSegmentHeader(stamped);
  contents.append(first_frame);
  TM_RETURN_IF_ERROR(file->Append(AsBytes(contents)));
  TM_RETURN_IF_ERROR(file->Sync());
  TM_RETURN_IF_ERROR(fs_.Rename(temporary, path));
  TM_RETURN_IF_ERROR(fs_.SyncDir(options_.dir));
  fsyncs_.Add(2);
  bytes_written_.Add(contents.size());
  written_bytes_ += contents.size();
  file_ = std::move(file);
  header_ = stamped;
  frame_ = {};
  extent_ = {0, contents.size()};
  const MutexLock lock(mutex_);
  segments_.push_back({header.file_no, 0, 0, contents.size()});
  total_bytes_ += contents.size();
  return {};
}

void Journal::Fail(const Error& error) {
  std::deque<SlotRef> orphans;
  std::vector<Waiter> waiters;
  {
    const MutexLock lock(mutex_);
    failure_ = error;
    queued_bytes_ = 0;
    // Those of a frame that was synced before are told so by RunWaiters().
    for (Waiter& waiter : waiters_) {
      if (waiter.lsn > durable_lsn_) waiters.push_back(std::move(waiter));
    }
    std::erase_if(waiters_, [](const Waiter& waiter) { return !waiter.finish; });
    // Those not ready yet are finished by their own Commit().
    for (const SlotRef& slot : queue_) {
      if (slot->ready) orphans.push_back(slot);
    }
    std::erase_if(queue_, [](const SlotRef& slot) { return slot->ready; });
  }
  for (const SlotRef& slot : orphans) slot->finish(error);
  for (Waiter& waiter : waiters) waiter.finish(error);
}

void Journal::Close() { Fail({Code::kUnavailable, "the store is closing"}); }

void Journal::RunWaiters() {
  std::vector<Waiter> due;
  {
    const MutexLock lock(mutex_);
    for (Waiter& waiter : waiters_) {
      if (waiter.lsn <= durable_lsn_) due.push_back(std::move(waiter));
    }
    std::erase_if(waiters_, [](const Waiter& waiter) { return !waiter.finish; });
  }
  for (Waiter& waiter : due) waiter.finish({});
}

uint64_t Journal::durable_lsn() const {
  const MutexLock lock(mutex_);
  return durable_lsn_;
}
uint64_t Journal::queued_bytes() const {
  const MutexLock lock(mutex_);
  return queued_bytes_;
}
uint64_t Journal::total_bytes() const {
  const MutexLock lock(mutex_);
  return total_bytes_;
}
std::vector<Journal::SegmentInfo> Journal::segments() const {
  const MutexLock lock(mutex_);
  return segments_;
}
std::optional<Error> Journal::failure() const {
  const MutexLock lock(mutex_);
  return failure_;
}

}  // namespace tidemark::store
