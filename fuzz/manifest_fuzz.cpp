// SPDX-License-Identifier: Apache-2.0
// A byte that says what the rest is: a manifest file, the payload of an edit, or CURRENT.
#include "base/check.h"
#include "fuzzer.h"
#include "store/block/manifest_log_internal.h"

namespace {

using namespace tidemark::store;

constexpr uint64_t kFileNo = uint64_t{1} << kRangeShift;
constexpr tidemark::Hash128 kStore{1, 2};

enum What : uint8_t { kFile, kPayload, kCurrent, kWhats };

ManifestEdit SomeEdit() {
  BlockMeta block;
  block.file_no = 20;
  block.tables = {{tidemark::TableId{2}, 4, 5, 6}};
  RevisionMeta revisions;
  revisions.file_no = 22;
  revisions.tables = {tidemark::TableId{2}};
  ManifestEdit edit;
  edit.add_blocks = {block};
  edit.add_revisions = {revisions};
  block.file_no = 21;
  edit.damage = {{block, "reason", true, false}};
  edit.floors = {{tidemark::TableId{2}, tidemark::EventTime{9}}};
  edit.dictionary = DictionaryExtent{5, 4096, 7};
  Checkpoint checkpoint;
  checkpoint.sources = {{{SourceId::Kind::kPipeline, 4},
                         tidemark::TableId{2},
                         1,
                         "at",
                         tidemark::EventTime{3},
                         false,
                         true}};
  checkpoint.views = {{tidemark::ViewId{3}, 1, Positions({7, 8}), std::nullopt, "dirty"}};
  edit.checkpoint = checkpoint;
  edit.feed_start_lsn = 3;
  edit.feed_sources = checkpoint.sources;
  edit.block_bytes_written = 300;
  return edit;
}

NewManifest EmptyManifest() {
  ManifestState state;
  state.store_id = kStore;
  return BuildManifest(state, 1, 0, kFileNo, 0);
}

// What decodes must encode to something that decodes to the same bytes again.
void TryPayload(std::string_view payload) {
  const auto decoded = DecodeEdit(payload);
  if (!decoded.ok()) return;
  const std::string once = EncodeEdit(decoded->edit);
  const auto again = DecodeEdit(once);
  TM_CHECK(again.ok());
  TM_CHECK(EncodeEdit(again->edit) == once);
  ManifestState state;
  if (!CheckEdit(state, decoded->edit).ok()) return;
  ApplyEdit(decoded->edit, state);
  TM_CHECK(DecodeEdit(EncodeSnapshot(state, 1)).ok());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1 || size > 100'000) return 0;
  const std::string rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % kWhats) {
    case kFile:
      (void)LoadManifest(rest, kFileNo, "manifest").ok();
      break;
    case kPayload: {
      TryPayload(rest);
      NewManifest file = EmptyManifest();
      AppendManifestRecord({ManifestRecordType::kEdit, 1, file.chain, 0, rest}, kFileNo,
                           file.bytes.size(), file.bytes);
      (void)LoadManifest(file.bytes, kFileNo, "manifest").ok();
      break;
    }
    default:
      if (const auto number = DecodeCurrent(rest)) TM_CHECK(EncodeCurrent(*number) == rest);
  }
  return 0;
}

std::vector<std::string> tidemark::fuzz::Seeds() {
  NewManifest file = EmptyManifest();
  const std::string payload = EncodeEdit(SomeEdit());
  const uint32_t crc = AppendManifestRecord({ManifestRecordType::kEdit, 1, file.chain, 0, payload},
                                            kFileNo, file.bytes.size(), file.bytes);
  AppendManifestRecord({ManifestRecordType::kConfirmation, 1, crc, 0, {}}, kFileNo,
                       file.bytes.size(), file.bytes);
  ManifestState state;
  ApplyEdit(SomeEdit(), state);
  return {std::string(1, kFile) + file.bytes, std::string(1, kPayload) + payload,
          std::string(1, kPayload) + EncodeSnapshot(state, 1),
          std::string(1, kCurrent) + EncodeCurrent(42)};
}
