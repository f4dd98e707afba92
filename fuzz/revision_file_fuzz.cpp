// SPDX-License-Identifier: Apache-2.0
// A byte that says what the rest is: the raw bytes of a page behind a byte with its number of
// entries, or a file (with its checksums put right, or as it is).
#include "base/check.h"
#include "base/sim/sim_file_system.h"
#include "file_input.h"
#include "fuzzer.h"
#include "store/block/revision_page_internal.h"

namespace {

using namespace tidemark::store;

constexpr uint64_t kFileNo = 3;
constexpr tidemark::Hash128 kStore{1, 2};

enum What : uint8_t { kPage, kRepaired, kFile, kWhats };

std::vector<LoggedRevision> SomeRevisions() {
  std::vector<LoggedRevision> list;
  const std::vector<Scalar> values = {
      1.5, int64_t{-7}, std::string("text"), true, false, tidemark::EventTime{9}, std::monostate{}};
  for (uint32_t i = 0; i < 21; ++i) {
    LoggedRevision r;
    r.lsn = 100 + i;
    r.ordinal = i % 3;
    r.entry.series = {0, 4 + i / 7};
    r.entry.time = {1000 + 10 * (i % 7)};
    r.entry.revision = 1 + i % 2;
    r.entry.old_value = values[i % values.size()];
    r.entry.new_value = values[(i * 2) % values.size()];
    list.push_back(r);
  }
  return list;
}

std::string PageOf(const std::vector<LoggedRevision>& list) {
  RevisionPageBuilder page;
  for (const LoggedRevision& r : list) page.Add(r);
  return page.Build();
}

void TryPage(std::string_view raw, size_t count) {
  std::vector<LoggedRevision> list;
  if (!DecodeRevisionPage(raw, count, list)) return;
  std::vector<LoggedRevision> again;
  const std::string once = PageOf(list);
  TM_CHECK(DecodeRevisionPage(once, count, again));
  TM_CHECK(PageOf(again) == once);
}

void RepairFile(std::string& bytes) {
  if (bytes.size() < kFileHeaderBytes + kRevisionFooterBytes) return;
  const uint64_t footer = bytes.size() - kRevisionFooterBytes;
  const auto index = LoadAt<uint64_t>(bytes, footer);
  const auto tables = LoadAt<uint64_t>(bytes, footer + 8);
  tidemark::fuzz::Repair(bytes, kFileNo, 0, 60, 60);
  for (uint64_t at = index; at + kRevisionIndexEntryBytes <= tables && at < footer;
       at += kRevisionIndexEntryBytes) {
    if (!tidemark::fuzz::Inside(bytes, at, at + kRevisionIndexEntryBytes)) break;
    const auto page = LoadAt<uint64_t>(bytes, at);
    if (page > bytes.size()) continue;
    tidemark::fuzz::RepairFront(bytes, kFileNo, page, page + LoadAt<uint32_t>(bytes, at + 8));
  }
  tidemark::fuzz::Repair(bytes, kFileNo, index, tables, footer + 80);
  tidemark::fuzz::Repair(bytes, kFileNo, tables, footer, footer + 84);
  tidemark::fuzz::Repair(bytes, kFileNo, footer, footer + 116, footer + 116);
}

void TryFile(std::string_view bytes) {
  tidemark::sim::SimFileSystem fs(1);
  auto out = fs.OpenAppend("f", tidemark::OpenMode::kTruncate);
  if (!out.ok() || !(*out)->Append(tidemark::AsBytes(bytes)).ok()) return;
  const auto meta = RevisionFile::ReadMeta(fs, "f", kFileNo, kStore);
  if (!meta.ok()) return;
  const auto file = RevisionFile::Open(fs, "f", *meta, kStore);
  TM_CHECK(file.ok());
  std::vector<LoggedRevision> list;
  for (size_t page = 0; page < (*file)->pages(); ++page) (void)(*file)->Page(page, list).ok();
  (void)(*file)->Of(5, 0, 2000, list).ok();
  (void)(*file)->Verify().ok();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2 || size > 100'000) return 0;
  std::string rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % kWhats) {
    case kPage:
      TryPage(std::string_view(rest).substr(1), data[1]);
      break;
    case kRepaired:
      RepairFile(rest);
      TryFile(rest);
      break;
    default:
      TryFile(rest);
  }
  return 0;
}

std::vector<std::string> tidemark::fuzz::Seeds() {
  const auto list = SomeRevisions();
  sim::SimFileSystem fs(1);
  auto writer = RevisionFileWriter::Create(fs, "f", kFileNo, kStore, 0);
  for (const LoggedRevision& r : list) TM_CHECK((*writer)->Add(TableId{2}, r).ok());
  TM_CHECK((*writer)->Finish().ok());
  const std::string bytes = *fs.ReadFile("f", 1'000'000);
  std::string page(1, kPage);
  page.push_back(static_cast<char>(list.size()));
  return {page + PageOf(list), std::string(1, kRepaired) + bytes, std::string(1, kFile) + bytes};
}
