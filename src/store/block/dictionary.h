// SPDX-License-Identifier: Apache-2.0
// The series dictionary on disk: definitions, fields, owners and drops, as journal records
// (store/journal_format.h) in checksummed, zstd-compressed pages that are only ever appended. The
// manifest says how much of the file counts. Bytes: docs/format/dictionary.md. Single-owner.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/checksum.h"
#include "base/file_system.h"
#include "base/result.h"

namespace tidemark::store {

/// The part of a dictionary file that counts.
struct DictionaryExtent {
  uint64_t file_no = 0;  // 0: there is none yet
  uint64_t bytes = 0;
  uint32_t chain = 0;  // CRC of the last page: pages are chained
  friend bool operator==(const DictionaryExtent&, const DictionaryExtent&) = default;
};

/// "0000000031.sdx"
std::string DictionaryFileName(uint64_t file_no);

class Dictionary {
 public:
  /// Receives the records of a page (at most 64 KiB or one record), with the highest LSN in it.
  using Visitor = std::function<Result<void>(uint64_t lsn, std::string_view records)>;

  /// Reads `extent` whole into `visitor`; bytes behind it are cut off at the next Append().
  /// kCorruption: damaged (the message names file and byte). Files lie in `dir`.
  static Result<std::unique_ptr<Dictionary>> Open(FileSystem& fs, std::string dir, Hash128 store_id,
                                                  const DictionaryExtent& extent,
                                                  const Visitor& visitor);
  ~Dictionary();

  /// Appends and syncs pages for `records` (whole journal records; any size). When there is no file
  /// yet, makes number `file_no_if_new` and syncs the folder. Not in force before the manifest
  /// names the extent. After an error the file is not appended to again: the next call makes a new
  /// file with everything, so the caller passes `rewrite` data then.
  Result<DictionaryExtent> Append(uint64_t lsn, std::string_view records, uint64_t file_no_if_new);
  /// A new file with `records` only (a fresh snapshot of all definitions), synced, folder too.
  /// Append() goes on in it.
  Result<DictionaryExtent> Rewrite(uint64_t file_no, uint64_t lsn, std::string_view records);
  /// What was appended since `named`, the extent that the manifest names, was not published and
  /// will be given again: the next Append() cuts it off. A new file is left to who removes unnamed
  /// ones.
  void Revert(const DictionaryExtent& named);
  /// An append failed: the next Append() or Rewrite() must be given all definitions.
  bool needs_rewrite() const;
  const DictionaryExtent& extent() const;
  std::string PathOf(uint64_t file_no) const;  // DIR/0000000031.sdx
  /// Verifies every page of the extent.
  static Result<void> Verify(FileSystem& fs, const std::string& path, Hash128 store_id,
                             const DictionaryExtent& extent);
  /// The longest run of whole pages at the beginning of a file whose extent was lost, and how many
  /// raw bytes it holds: for `--rebuild-manifest`.
  struct FoundExtent {
    DictionaryExtent extent;
    uint64_t record_bytes = 0;
  };
  static Result<FoundExtent> FindExtent(FileSystem& fs, const std::string& path, uint64_t file_no,
                                        Hash128 store_id);

 private:
  struct Impl;
  explicit Dictionary(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tidemark::store
