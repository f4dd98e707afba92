// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "store/conflict.h"
#include "store/merge_job_internal.h"
#include "store/row_columns.h"

namespace tidemark::store {
namespace {

constexpr size_t kMixedTarget = SIZE_MAX;

}  // namespace

MergeJob::MergeJob(EmbeddedStore::State& state, std::vector<std::shared_ptr<BlockFile>> inputs,
                   std::vector<MergeTarget> targets, std::map<TableId, int64_t> floors)
    : s_(state),
      inputs_(std::move(inputs)),
      targets_(std::move(targets)),
      floors_(std::move(floors)) {
  std::sort(targets_.begin(), targets_.end(), [](const MergeTarget& a, const MergeTarget& b) {
    return std::pair(a.table, a.start) < std::pair(b.table, b.start);
  });
}

MergeJob::~MergeJob() {
  for (auto& [target, out] : outputs_) {
    out.writer.reset();
    if (out.path.empty()) continue;
    // What stays is removed at the next start.
    if (auto removed = s_.fs.Remove(out.path); !removed.ok()) continue;
  }
}

uint64_t MergeJob::input_bytes() const {
  uint64_t bytes = 0;
  for (const auto& file : inputs_) bytes += file->meta().bytes;
  return bytes;
}

std::string MergeJob::Describe() const {
  return std::to_string(inputs_.size()) + " files, " + std::to_string(input_bytes()) + " bytes";
}

// False: the file has no more chunks.
Result<bool> MergeJob::Advance(Cursor& cursor) {
  while (cursor.at == cursor.entries.size()) {
    if (cursor.page == cursor.file->pages()) return false;
    if (auto read = cursor.file->Page(cursor.page, cursor.entries); !read.ok()) {
      return s_.ReportDamage(*cursor.file, cursor.file->meta().tables.front().table,
                             std::move(read).error());
    }
    ++cursor.page;
    cursor.at = 0;
  }
  return true;
}

Result<bool> MergeJob::Step(uint64_t rows_max) {
  if (!started_) {
    for (const auto& file : inputs_) cursors_.push_back({file, 0, 0, {}});
    started_ = true;
  }
  uint64_t rows = 0;
  while (rows < rows_max) {
    uint32_t series = UINT32_MAX;
    for (Cursor& cursor : cursors_) {
      TM_ASSIGN_OR_RETURN(const bool more, Advance(cursor));
      if (more) series = std::min(series, cursor.entries[cursor.at].series);
    }
    if (series == UINT32_MAX) return true;
    TM_ASSIGN_OR_RETURN(const uint64_t merged, MergeSeries(series));
    rows += merged + 1;
  }
  return false;
}

Result<uint64_t> MergeJob::MergeSeries(uint32_t series) {
  std::vector<Piece> pieces;
  uint64_t rows = 0;
  for (Cursor& cursor : cursors_) {
    while (true) {
      TM_ASSIGN_OR_RETURN(const bool more, Advance(cursor));
      if (!more || cursor.entries[cursor.at].series != series) break;
      pieces.push_back({cursor.file.get(), cursor.entries[cursor.at]});
      rows += cursor.entries[cursor.at].rows;
      ++cursor.at;
    }
  }
  const SeriesEntry* entry = s_.directory.Get({0, series});
  if (entry == nullptr) return rows;
  TableId table;
  {
    const MutexLock lock(s_.LaneOf(series).mutex);
    if (entry->dropped) return rows;
    table = entry->table;
  }
  TM_RETURN_IF_ERROR(Decode(table, pieces));
  TM_RETURN_IF_ERROR(Write(table, series));
  return rows;
}

// Fills `merged_`. Pieces that do not overlap are appended one after the other; those that do are
// merged by version.
Result<void> MergeJob::Decode(TableId table, std::vector<Piece>& pieces) {
  merged_.Clear();
  merged_.columns.clear();
  arena_.clear();
  std::sort(pieces.begin(), pieces.end(),
            [](const Piece& a, const Piece& b) { return a.entry.min_time < b.entry.min_time; });
  const auto append = [&](const Piece& piece, RowColumns& to) -> Result<void> {
    auto chunk = piece.file->Load(piece.entry);
    if (!chunk.ok()) return s_.ReportDamage(*piece.file, table, std::move(chunk).error());
    if (auto appended = chunk->AppendTo(to, arena_); !appended.ok()) {
      return s_.ReportDamage(*piece.file, table, std::move(appended).error());
    }
    return {};
  };
  std::vector<RowColumns> overlapping;
  for (size_t from = 0; from < pieces.size();) {
    size_t to = from + 1;
    int64_t reached = pieces[from].entry.max_time;
    while (to < pieces.size() && pieces[to].entry.min_time <= reached)
      reached = std::max(reached, pieces[to++].entry.max_time);
    if (to == from + 1) {
      TM_RETURN_IF_ERROR(append(pieces[from], merged_));
      from = to;
      continue;
    }
    // One run per file: its own chunks do not overlap.
    std::map<const BlockFile*, RowColumns> runs;
    for (size_t i = from; i < to; ++i) TM_RETURN_IF_ERROR(append(pieces[i], runs[pieces[i].file]));
    overlapping.clear();
    for (auto& [file, run] : runs) overlapping.push_back(std::move(run));
    MergeByVersion(overlapping, merged_);
    from = to;
  }
  return {};
}

Result<MergeJob::Output*> MergeJob::OutputFor(TableId table, int64_t time, int64_t& until) {
  size_t target = kMixedTarget;
  until = INT64_MAX;
  for (size_t i = 0; i < targets_.size(); ++i) {
    if (targets_[i].table != table) continue;
    if (time < targets_[i].start) {
      until = std::min(until, targets_[i].start);
    } else if (time < targets_[i].end) {
      target = i;
      until = targets_[i].end;
      break;
    }
  }
  Output& out = outputs_[target];
  if (out.writer != nullptr) return &out;
  if (target != kMixedTarget) {
    const MergeTarget& t = targets_[target];
    out.bounds.partition_start = t.start;
    out.bounds.partition_end = t.end;
    out.bounds.level = t.level;
    out.drop_tombstones = t.drop_tombstones;
    if (t.level == FileLevel::kBase) out.effort = Effort::kSmall;
  } else {
    out.bounds.level = FileLevel::kOverlay;
  }
  const uint64_t file_no = s_.storage->NextFileNo();
  out.path = s_.storage->TmpPath(BlockFileName(file_no));
  TM_ASSIGN_OR_RETURN(out.writer,
                      BlockFileWriter::Create(s_.fs, out.path, file_no, s_.storage->store_id(),
                                              s_.clock.Now().AsEventTime().ns));
  return &out;
}

Result<void> MergeJob::Write(TableId table, uint32_t series) {
  const auto& times = merged_.times;
  const auto floor = floors_.find(table);
  size_t from =
      floor == floors_.end()
          ? 0
          : static_cast<size_t>(std::lower_bound(times.begin(), times.end(), floor->second) -
                                times.begin());
  RowColumns part;
  while (from < times.size()) {
    int64_t until = INT64_MAX;
    TM_ASSIGN_OR_RETURN(Output * out, OutputFor(table, times[from], until));
    const auto begin = times.begin() + static_cast<std::ptrdiff_t>(from);
    const size_t to =
        times.back() < until
            ? times.size()
            : static_cast<size_t>(std::lower_bound(begin, times.end(), until) - times.begin());
    const bool cleanse = out->drop_tombstones && !merged_.tombstones.empty();
    const RowColumns* rows = &merged_;
    if (from > 0 || to < times.size() || cleanse) {
      CopyRows(merged_, from, to, cleanse ? Tombstones::kDrop : Tombstones::kKeep, part);
      rows = &part;
    }
    if (rows->rows() > 0) {
      TM_RETURN_IF_ERROR(
          out->writer->Add(table, series, *rows, out->effort, s_.options.chunk_rows_max));
    }
    from = to;
  }
  return {};
}

Result<void> MergeJob::Publish() {
  uint64_t min_lsn = UINT64_MAX;
  uint64_t max_lsn = 0;
  ManifestEdit edit;
  for (const auto& file : inputs_) {
    min_lsn = std::min(min_lsn, file->meta().min_lsn);
    max_lsn = std::max(max_lsn, file->meta().max_lsn);
    edit.remove_blocks.push_back(file->meta().file_no);
  }
  std::vector<NewBlock> blocks;
  for (auto& [target, out] : outputs_) {
    if (out.writer == nullptr || out.writer->rows() == 0) continue;
    out.bounds.min_lsn = min_lsn;
    out.bounds.max_lsn = max_lsn;
    TM_ASSIGN_OR_RETURN(BlockMeta meta, out.writer->Finish(out.bounds));
    s_.storage->metrics().fsyncs.Add();
    blocks.push_back({std::move(meta), out.path});
  }
  TM_RETURN_IF_ERROR(s_.storage->Publish(std::move(edit), std::move(blocks), {}, 0, {}));
  // They have their places now.
  for (auto& [target, out] : outputs_) {
    if (out.writer != nullptr && out.writer->rows() > 0) out.path.clear();
  }
  return {};
}

}  // namespace tidemark::store
