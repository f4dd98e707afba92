// SPDX-License-Identifier: Apache-2.0
// Group commit. Invariants, beyond those of recovery.cpp:
//
//   W1. The state that readers see changes only after the sync of the frame returned.
//   W2. One frame at a time: the next one is not written before that.
//   W3. An offset is taken by writing it into a frame. If the frame certainly never became valid
//   (the disk was
//       full), the next frame takes the same ones; if nobody knows, the stream stops, and the next
//       start leaves a gap.
//   W4. Behind a synced frame that no other follows at once goes a confirmation, itself not synced.
//   What is there of it
//       proves that the frame was synced; what is lost of it says nothing, and it never counts.
#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "base/logging.h"
#include "log/frame_builder_internal.h"
#include "log/put_batch_internal.h"
#include "log/stream_internal.h"

namespace tidemark::log {
namespace {

/// A full disk at a place where the outcome is unknown is a failure like any other.
Result<void> OutcomeMatters(Result<void> result) {
  if (!result.ok() && result.error().code == Code::kNoSpace) {
    return Error{Code::kIo, result.error().message};
  }
  return result;
}

}  // namespace

Result<std::unique_ptr<AppendFile>> Stream::Writer::WriteNew(const std::string& path,
                                                             std::string_view bytes) {
  TM_ASSIGN_OR_RETURN(auto file, fs_.OpenAppend(path, OpenMode::kTruncate));
  TM_RETURN_IF_ERROR(file->Append(AsBytes(bytes)));
  TM_RETURN_IF_ERROR(file->Sync());
  return file;
}

Result<std::unique_ptr<Segment>> Stream::Writer::Create(const std::vector<ShardMark>& marks,
                                                        const Segment* previous,
                                                        std::string first_frame) {
  SegmentHeader header;
  header.file_no = last_file_no + 1;
  header.stream = def_.id;
  header.created = clock_.Now();
  header.first_frame = next_frame;
  header.previous_file_no = previous == nullptr ? 0 : previous->file_no;
  header.previous_end = previous == nullptr ? 0 : previous->end;
  header.shards = marks;
  std::string bytes = header.Encode();
  auto segment = std::make_unique<Segment>();
  segment->file_no = header.file_no;
  segment->path = JoinPath(dir_, SegmentName(header.file_no));
  segment->begin = marks;
  segment->entries.resize(marks.size());
  segment->end = bytes.size();
  if (!first_frame.empty()) {
    // Confirmed at once: both are synced before the segment has a name.
    const FrameExtent extent{bytes.size(), bytes.size() + first_frame.size()};
    SealFrameChecksums(first_frame, header.file_no, extent.at);
    bytes += first_frame;
    bytes += EncodeConfirmation(extent, next_frame + 1, header.created, header.file_no);
  }

  const std::string unpublished = segment->path + ".tmp";
  auto file = WriteNew(unpublished, bytes);
  if (!file.ok()) {
    (void)fs_.Remove(unpublished).ok();  // or else the next start removes it
    return std::move(file).error();
  }
  TM_RETURN_IF_ERROR(OutcomeMatters(fs_.Rename(unpublished, segment->path)));
  TM_RETURN_IF_ERROR(OutcomeMatters(fs_.SyncDir(dir_)));
  TM_ASSIGN_OR_RETURN(segment->open, fs_.OpenRead(segment->path));
  file_ = std::move(file).value();
  last_file_no = header.file_no;
  return segment;
}

Result<void> Stream::Writer::Seal(const Segment& segment, const std::vector<ShardMark>& marks) {
  const std::unique_ptr<AppendFile> file = std::move(file_);
  if (file == nullptr) return {};
  const std::string frame = EncodeSealFrame({segment.MakeIndex(marks), next_frame, segment.end},
                                            clock_.Now(), {segment.file_no, file->size()});
  auto written = file->Append(AsBytes(frame));
  if (!written.ok() && written.error().code == Code::kNoSpace) return {};
  TM_RETURN_IF_ERROR(std::move(written));
  return OutcomeMatters(file->Sync());
}

Result<FrameExtent> Stream::Writer::WriteFrame(std::string& frame, const Segment& segment) {
  last_frame_ = {file_->size(), file_->size() + frame.size()};
  SealFrameChecksums(frame, segment.file_no, last_frame_.at);
  if (auto written = file_->Append(AsBytes(frame)); !written.ok()) {
    // An incomplete frame is never valid, so after a full disk the outcome is known.
    file_.reset();
    return std::move(written).error();
  }
  TM_RETURN_IF_ERROR(OutcomeMatters(file_->Sync()));
  ++next_frame;
  return last_frame_;
}

Result<void> Stream::Writer::ConfirmFrame(const Segment& segment) {
  const std::string frame =
      EncodeConfirmation(last_frame_, next_frame, clock_.Now(), segment.file_no);
  auto written = file_->Append(AsBytes(frame));
  if (written.ok() || written.error().code != Code::kNoSpace) return written;
  file_.reset();
  return {};
}

Result<std::shared_ptr<Stream>> Stream::Open(const Env& env, std::string dir,
                                             catalog::StreamDef def) {
  std::shared_ptr<Stream> stream(new Stream(env, std::move(dir), std::move(def)));
  TM_ASSIGN_OR_RETURN(RecoveredStream recovered, RecoverStream(env.fs, stream->dir_, stream->def_));
  const MutexLock writer_lock(stream->writer_mutex_);
  Writer& writer = *stream->writer_;
  writer.next_frame = recovered.next_frame;
  std::vector<ShardMark> marks = recovered.marks;
  std::vector<ScannedSection> sections;
  if (!recovered.segments.empty()) {
    writer.last_file_no = recovered.segments.back()->file_no;
    if (!recovered.unproven_frame.empty()) {
      // Its sections' places are those of its old file; only lengths and offsets matter here.
      TM_ASSIGN_OR_RETURN(const FrameHeader header,
                          DecodeFrame(recovered.unproven_frame, writer.last_file_no,
                                      recovered.unproven_at, &sections));
      auto segment =
          writer.Create(marks, recovered.segments.back().get(), recovered.unproven_frame);
      if (!segment.ok()) return std::move(segment).error().With("write the last frame again");
      for (ScannedSection& section : sections) {
        section.start = section.start - recovered.unproven_at + (*segment)->end;
        const size_t slot = SlotOfShard(stream->def_, section.shard);
        if (slot == marks.size())
          return Error{Code::kCorruption, "the last frame names a shard the stream does not have"};
        (*segment)->Add(slot, section);
        marks[slot].next_offset = section.first_offset + section.records;
        marks[slot].last_arrival_ms = section.arrival_ms;
      }
      (*segment)->end += header.bytes;
      ++writer.next_frame;
      recovered.segments.push_back(std::move(segment).value());
    }
  }
  if (!recovered.sealed) {
    for (ShardMark& mark : marks) mark.next_offset += kFrameRecordsMax;
  }
  const MutexLock lock(stream->mutex_);
  stream->state_->segments = std::move(recovered.segments);
  stream->state_->marks = std::move(marks);
  return stream;
}

std::vector<Stream::Pending> Stream::TakeGroup() {
  std::vector<Pending> group;
  size_t bytes = 0;
  size_t records = 0;
  const MutexLock lock(mutex_);
  while (!pending_.empty()) {
    Pending& next = pending_.front();
    if (!group.empty() && (bytes + next.batch.bytes() > env_.options.frame_bytes_max ||
                           records + next.batch.size() > kFrameRecordsMax)) {
      break;
    }
    bytes += next.batch.bytes();
    records += next.batch.size();
    group.push_back(std::move(next));
    pending_.pop_front();
  }
  return group;
}

Segment* Stream::LastSegment() {
  const MutexLock lock(mutex_);
  return state_->segments.empty() ? nullptr : state_->segments.back().get();
}

Result<void> Stream::Roll(const std::vector<ShardMark>& marks, std::string first_frame) {
  Segment* const last = LastSegment();
  if (last != nullptr) TM_RETURN_IF_ERROR(writer_->Seal(*last, marks));
  TM_ASSIGN_OR_RETURN(auto segment, writer_->Create(marks, last, std::move(first_frame)));
  const MutexLock lock(mutex_);
  if (last != nullptr) last->open.reset();
  state_->segments.push_back(std::move(segment));
  return {};
}

Result<void> Stream::EnsureSegment(const std::vector<ShardMark>& marks) {
  const Segment* const last = LastSegment();
  if (writer_->has_file() && last->end < env_.options.segment_bytes_max) return {};
  return Roll(marks, {});
}

Result<std::vector<std::vector<PutResult>>> Stream::WriteGroup(const std::vector<Pending>& group) {
  std::vector<const PutBatch*> batches;
  batches.reserve(group.size());
  size_t payload = 0;
  for (const Pending& pending : group) {
    batches.push_back(&pending.batch);
    payload += pending.batch.payload_bytes();
  }
  std::vector<ShardMark> marks;
  {
    const MutexLock lock(mutex_);
    marks = state_->marks;
  }
  TM_RETURN_IF_ERROR(EnsureSegment(marks));
  BuiltFrame frame =
      FrameBuilder::Build(batches, marks, writer_->next_frame, env_.clock.Now(), env_.options);
  Segment* const segment = LastSegment();
  TM_ASSIGN_OR_RETURN(const FrameExtent extent, writer_->WriteFrame(frame.bytes, *segment));

  const MutexLock lock(mutex_);
  for (ScannedSection section : frame.sections) {
    section.start += extent.at;
    segment->Add(SlotOfShard(def_, section.shard), section);
  }
  segment->end = extent.end;
  for (const auto& [slot, mark] : frame.marks) state_->marks[slot] = mark;
  metrics_->records.Add(frame.records);
  metrics_->bytes.Add(payload);
  metrics_->syncs.Add();
  return std::move(frame.results);
}

// The next frame proves the same, so it waits for the last of those that follow each other.
Result<void> Stream::ConfirmLast() {
  {
    const MutexLock lock(mutex_);
    if (!pending_.empty()) return {};
  }
  return writer_->ConfirmFrame(*LastSegment());
}

bool Stream::Commit() {
  std::vector<Pending> group;
  Result<std::vector<std::vector<PutResult>>> results = std::vector<std::vector<PutResult>>();
  Result<void> confirmed;
  {
    const MutexLock writer_lock(writer_mutex_);
    group = TakeGroup();
    if (group.empty()) return false;
    {
      const MutexLock lock(mutex_);
      if (failed_) results = *refuse_append_;
    }
    if (results.ok()) results = WriteGroup(group);
    if (results.ok()) confirmed = ConfirmLast();
  }
  bool more = false;
  {
    const MutexLock lock(mutex_);
    for (const Pending& done : group) pending_bytes_ -= done.batch.bytes();
    more = !pending_.empty();
  }
  if (results.ok()) {
    WakeSubscribers();
    for (size_t i = 0; i < group.size(); ++i) group[i].done(std::move((*results)[i]));
    if (!confirmed.ok()) {
      // The group is durable all the same.
      metrics_->failures.Add();
      Fail(confirmed.error().With("stream " + def_.name));
      return false;
    }
    return more;
  }
  metrics_->failures.Add();
  Error why = results.error().With("stream " + def_.name);
  tidemark::Log(LogLevel::kError, "log", "append failed",
                {{"stream", def_.name}, {"error", why.message}});
  if (why.code != Code::kNoSpace) {
    why = {Code::kUnavailable,
           "a write to the log failed, its outcome is unknown until a restart: " + why.message};
    Fail(why);
    more = false;
  }
  for (Pending& pending : group) pending.done(why);
  return more;
}

void Stream::Fail(const Error& why) {
  std::deque<Pending> waiting;
  {
    const MutexLock lock(mutex_);
    failed_ = true;
    refuse_append_ =
        Error{Code::kUnavailable,
              "stream " + def_.name + " takes no appends until a restart: " + why.message};
    waiting.swap(pending_);
    pending_bytes_ = 0;
  }
  for (Pending& pending : waiting) pending.done(why);
}

void Stream::Trim() {
  const MutexLock writer_lock(writer_mutex_);
  const ArrivalTime cutoff = TrimCutoff();
  std::vector<ShardMark> marks;
  {
    const MutexLock lock(mutex_);
    if (failed_ || refuse_read_) return;
    marks = state_->marks;
  }
  // The last segment stays, whatever its age, since it alone knows the next offsets. Once it holds
  // only expired records an empty one takes over that duty.
  const Segment* const last = LastSegment();
  if (last != nullptr && last->last_arrival_ms != 0 && last->last_arrival_ms < cutoff.ms) {
    if (auto r = Roll(marks, {}); !r.ok()) {
      if (r.error().code != Code::kNoSpace) Fail(r.error());
      return;
    }
  }
  while (true) {
    std::unique_ptr<Segment> expired;
    {
      const MutexLock lock(mutex_);
      auto& segments = state_->segments;
      if (segments.size() < 2 || segments.front()->last_arrival_ms >= cutoff.ms) return;
      expired = std::move(segments.front());
      segments.erase(segments.begin());
    }
    // Each removal is made durable before the next, so that a crash leaves no hole (recovery
    // checks).
    auto removed = env_.fs.Remove(expired->path);
    if (removed.ok()) removed = env_.fs.SyncDir(dir_);
    if (!removed.ok()) {
      tidemark::Log(LogLevel::kWarning, "log", "trim failed; the next start tries again",
                    {{"segment", expired->path}, {"error", removed.error().message}});
      return;
    }
  }
}

Result<void> Stream::Close() {
  {
    const MutexLock lock(mutex_);
    if (!refuse_append_) refuse_append_ = Error{Code::kUnavailable, "the log is closing"};
  }
  while (Commit()) {
  }
  const MutexLock writer_lock(writer_mutex_);
  Segment* const last = LastSegment();
  std::vector<ShardMark> marks;
  {
    const MutexLock lock(mutex_);
    if (failed_) return {};  // reported when it happened
    marks = state_->marks;
    if (last != nullptr) last->open.reset();
  }
  return last == nullptr ? Result<void>() : writer_->Seal(*last, marks);
}

void Stream::Abandon(Error why) {
  std::deque<Pending> waiting;
  const MutexLock writer_lock(writer_mutex_);
  {
    const MutexLock lock(mutex_);
    refuse_append_ = why;
    refuse_read_ = why;
    waiting.swap(pending_);
    pending_bytes_ = 0;
    if (!state_->segments.empty()) state_->segments.back()->open.reset();
  }
  writer_->CloseFile();
  for (Pending& pending : waiting) pending.done(why);
}

}  // namespace tidemark::log
