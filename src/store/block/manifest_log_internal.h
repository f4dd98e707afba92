// SPDX-License-Identifier: Apache-2.0
// Bytes of the manifest: records, edits and CURRENT. docs/format/manifest.md is the normative
// table; manifest_test.cpp holds its golden bytes. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "store/block/manifest.h"

namespace tidemark::store {

inline constexpr size_t kManifestRecordHeaderBytes = 32;

/// Disk bytes; never renumber.
enum class ManifestRecordType : uint8_t {
  kSnapshot = 1,  // the first record: everything in force
  kEdit = 2,
  // Written behind an edit whose sync had returned: tells a damaged edit from a torn one. It is
  // not synced by itself, so a crash may lose it before an edit that follows it.
  kConfirmation = 3,
};

struct ManifestRecord {
  ManifestRecordType type = ManifestRecordType::kEdit;
  uint64_t number = 0;  // of the edit (a snapshot: the last edit in it), ascending by one
  // CRC of the snapshot or edit before (a confirmation: of the one that it confirms); 0: none.
  uint32_t chain = 0;
  uint32_t crc = 0;
  std::string_view payload;

  uint64_t record_bytes() const;
};

/// Appends the record for `offset` of file `file_no` to `out`; returns its CRC.
uint32_t AppendManifestRecord(const ManifestRecord& record, uint64_t file_no, uint64_t offset,
                              std::string& out);
/// None: no valid record begins at the first byte of `bytes`, which lies at `offset`.
std::optional<ManifestRecord> DecodeManifestRecord(std::string_view bytes, uint64_t file_no,
                                                   uint64_t offset);

std::string EncodeEdit(const ManifestEdit& edit);
/// Everything of `state`, and the range of file numbers in use.
std::string EncodeSnapshot(const ManifestState& state, uint64_t range);

struct DecodedEdit {
  ManifestEdit edit;
  // Snapshots only.
  std::optional<Hash128> store_id;
  uint64_t range = 0;
};
/// kCorruption: makes no sense; kUnimplemented: holds a part that this version does not know.
Result<DecodedEdit> DecodeEdit(std::string_view payload);

/// kInvalidArgument: it names a file that is not there, or adds one that is.
Result<void> CheckEdit(const ManifestState& state, const ManifestEdit& edit);
/// `edit` passed CheckEdit().
void ApplyEdit(const ManifestEdit& edit, ManifestState& state);

/// "MANIFEST-0000000042"
std::string ManifestName(uint64_t file_no);
std::optional<uint64_t> NumberOfManifest(std::string_view name);
/// "MANIFEST-0000000042 1a2b3c4d\n": the CRC-32C of the name.
std::string EncodeCurrent(uint64_t file_no);
/// None: damaged.
std::optional<uint64_t> DecodeCurrent(std::string_view text);

struct LoadedManifest {
  ManifestState state;
  uint64_t range = 0;
  uint64_t number = 0;  // of the last edit
  uint64_t edits = 0;   // behind the snapshot
};
/// `bytes` are all of the file `path`. A torn last edit is left out; damage before is kCorruption.
Result<LoadedManifest> LoadManifest(std::string_view bytes, uint64_t file_no,
                                    const std::string& path);

/// A manifest file with one snapshot.
struct NewManifest {
  std::string bytes;
  uint32_t chain = 0;
};
NewManifest BuildManifest(const ManifestState& state, uint64_t range, uint64_t number,
                          uint64_t file_no, int64_t now_ns);

/// Makes the manifest file with `contents` and swaps CURRENT to it, each step synced.
Result<std::unique_ptr<AppendFile>> PublishManifest(FileSystem& fs, const std::string& dir,
                                                    uint64_t file_no, std::string_view contents);

/// A range's first file number is range << kRangeShift.
inline constexpr unsigned kRangeShift = 24;

}  // namespace tidemark::store
