// SPDX-License-Identifier: Apache-2.0
// A dictionary file; a leading byte says whether its checksums are put right first.
#include "base/sim/sim_file_system.h"
#include "file_input.h"
#include "fuzzer.h"
#include "store/block/dictionary.h"
#include "store/block/page_internal.h"
#include "store/journal_format.h"

namespace {

using namespace tidemark::store;

constexpr uint64_t kFileNo = 31;
constexpr tidemark::Hash128 kStore{1, 2};

// Checksums and links of pages of any length.
void RepairPages(std::string& bytes) {
  tidemark::fuzz::Repair(bytes, kFileNo, 0, 60, 60);
  uint32_t chain = 0;
  for (uint64_t at = kFileHeaderBytes; at + kPageHeaderBytes <= bytes.size();) {
    const uint64_t end = at + PeekPage(std::string_view(bytes).substr(at)).page_bytes();
    tidemark::fuzz::PutCrc(bytes, at + 16, chain);
    tidemark::fuzz::RepairFront(bytes, kFileNo, at, end);
    chain = LoadAt<uint32_t>(bytes, at);
    at = end;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1 || size > 100'000) return 0;
  std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 2 == 0) RepairPages(bytes);
  tidemark::sim::SimFileSystem fs(1);
  auto file = fs.OpenAppend("f", tidemark::OpenMode::kTruncate);
  if (!file.ok() || !(*file)->Append(tidemark::AsBytes(bytes)).ok()) return 0;
  const auto found = Dictionary::FindExtent(fs, "f", kFileNo, kStore);
  if (found.ok()) TM_CHECK(Dictionary::Verify(fs, "f", kStore, found->extent).ok());
  (void)Dictionary::Verify(fs, "f", kStore, {kFileNo, bytes.size(), 0}).ok();
  return 0;
}

std::vector<std::string> tidemark::fuzz::Seeds() {
  std::string bytes = EncodeFileHeader({FileKind::kDictionary, kFileNo, kStore, 0});
  uint32_t chain = 0;
  for (uint32_t page = 0; page < 3; ++page) {
    BatchEncoder records;
    for (uint32_t id = 0; id < 1 + page * 30; ++id) {
      records.SeriesDef(id, ValueType::kDouble, "key " + std::to_string(id));
    }
    const PageHeader header =
        AppendPage(std::move(records).Take(), chain, page, 3, {"f", kFileNo, bytes.size()}, bytes);
    chain = header.crc;
  }
  return {std::string(1, 0) + bytes, std::string(1, 1) + bytes};
}
