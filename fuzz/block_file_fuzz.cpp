// SPDX-License-Identifier: Apache-2.0
// A block file; a leading byte says whether its checksums are put right first.
#include <limits>

#include "base/check.h"
#include "base/sim/sim_file_system.h"
#include "file_input.h"
#include "fuzzer.h"
#include "store/block/block_directory_internal.h"

namespace {

using namespace tidemark::store;

constexpr uint64_t kFileNo = 3;
constexpr tidemark::Hash128 kStore{1, 2};

void RepairFile(std::string& bytes) {
  if (bytes.size() < kFileHeaderBytes + kBlockFooterBytes) return;
  const uint64_t footer = bytes.size() - kBlockFooterBytes;
  const auto directory = LoadAt<uint64_t>(bytes, footer);
  const auto sparse = LoadAt<uint64_t>(bytes, footer + 8);
  const auto tables = LoadAt<uint64_t>(bytes, footer + 16);
  const auto presence = LoadAt<uint64_t>(bytes, footer + 24);
  tidemark::fuzz::Repair(bytes, kFileNo, 0, 60, 60);
  for (uint64_t page = directory; page < sparse && page < footer; page += kDirectoryPageBytes) {
    if (!tidemark::fuzz::Inside(bytes, page, page + kDirectoryPageBytes)) break;
    const std::string_view view = std::string_view(bytes).substr(page, kDirectoryPageBytes);
    const size_t entries = std::min<size_t>(LoadAt<uint16_t>(view, 4), kEntriesPerPage);
    for (size_t i = 0; i < entries; ++i) {
      const ChunkEntry entry = EntryAt(view, 0, i);
      tidemark::fuzz::RepairFront(bytes, kFileNo, entry.offset, entry.offset + entry.bytes);
    }
    tidemark::fuzz::RepairFront(bytes, kFileNo, page, page + kDirectoryPageBytes);
  }
  tidemark::fuzz::Repair(bytes, kFileNo, sparse, tables, footer + 112);
  tidemark::fuzz::Repair(bytes, kFileNo, tables, presence, footer + 116);
  tidemark::fuzz::Repair(bytes, kFileNo, presence, footer, footer + 120);
  tidemark::fuzz::Repair(bytes, kFileNo, footer, footer + 148, footer + 148);
}

void TryFile(std::string_view bytes) {
  tidemark::sim::SimFileSystem fs(1);
  auto out = fs.OpenAppend("f", tidemark::OpenMode::kTruncate);
  if (!out.ok() || !(*out)->Append(tidemark::AsBytes(bytes)).ok()) return;
  const auto meta = BlockFile::ReadMeta(fs, "f", kFileNo, kStore);
  if (!meta.ok()) return;
  const auto file = BlockFile::Open(fs, "f", *meta, kStore);
  TM_CHECK(file.ok());
  std::vector<ChunkEntry> entries;
  for (size_t page = 0; page < (*file)->pages(); ++page) {
    if (!(*file)->Page(page, entries).ok()) continue;
    for (const ChunkEntry& entry : entries) {
      auto chunk = (*file)->Load(entry);
      RowColumns rows;
      TextArena arena;
      if (chunk.ok()) (void)chunk->AppendTo(rows, arena).ok();
    }
  }
  for (const uint32_t series : {0U, 4U, 9U, UINT32_MAX}) {
    (void)(*file)->Has(series);
    (void)(*file)->Find(series, std::numeric_limits<int64_t>::min(), 25, entries).ok();
  }
  (void)(*file)->Verify().ok();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1 || size > 100'000) return 0;
  std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 2 == 0) RepairFile(bytes);
  TryFile(bytes);
  return 0;
}

std::vector<std::string> tidemark::fuzz::Seeds() {
  std::vector<std::string> out;
  for (const uint32_t series_count : {2U, 140U}) {  // one page, two pages
    sim::SimFileSystem fs(1);
    auto writer = BlockFileWriter::Create(fs, "f", kFileNo, kStore, 0);
    for (uint32_t i = 0; i < series_count; ++i) {
      RowColumns rows;
      rows.times = {10, 20, 30};
      rows.versions = {1, 1, 1};
      rows.columns.resize(1);
      rows.columns[0].bits = {i, 2, 3};
      TM_CHECK((*writer)->Add(TableId{2}, 4 + i * 5, rows, Effort::kFast, 2).ok());
    }
    TM_CHECK((*writer)->Finish({}).ok());
    const std::string bytes = *fs.ReadFile("f", 1'000'000);
    out.push_back(std::string(1, 0) + bytes);
    out.push_back(std::string(1, 1) + bytes);
  }
  return out;
}
