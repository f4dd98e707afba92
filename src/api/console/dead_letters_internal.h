// SPDX-License-Identifier: Apache-2.0
// The dead letters of a pipeline: grouped by why, and put on the pipeline's stream again
// (web/API.md section 5). Reads files: not for network threads. Pure functions over a stream.
//
// Bounds: kLettersMax letters are looked at, kGroupsMax groups; one call puts kResubmitMax records
// and kResubmitBytesMax again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "log/stream.h"

namespace tidemark::console {

inline constexpr uint64_t kLettersMax = 100'000;
inline constexpr size_t kGroupsMax = 200;
inline constexpr size_t kResubmitMax = 10'000;
inline constexpr size_t kResubmitBytesMax = size_t{64} << 20U;

struct Letter {
  std::string id;  // its own sequence number
  ArrivalTime at;  // when it was written
  std::string stage;
  std::string reason;
  std::string field;
  std::string message;
  std::string shard;  // of the record
  std::string sequence;
  std::optional<std::string> key;  // none: an older server wrote the letter
  std::optional<ArrivalTime> arrival;
  uint64_t bytes = 0;
  std::string data;  // the first of them
};

/// A message without its numbers and times: equal for letters of one group.
std::string PatternOf(std::string_view message);

/// Calls `each` with the newest kLettersMax letters, oldest first, until it says false; the number
/// of letters that are kept.
Result<uint64_t> ReadLetters(const log::Stream& dead, const std::function<bool(Letter)>& each);

/// What a record gets before it is put again: texts by field.
using Edits = std::map<std::string, std::string>;

/// `record` with its top-level fields replaced or added; none: it is no JSON object.
std::optional<std::string> Edited(std::string_view record, const Edits& edits);

/// Whole records of letters. Single-owner.
class Originals {
 public:
  /// `stream` is where the records came from; null: it is gone.
  explicit Originals(std::shared_ptr<log::Stream> stream) : stream_(std::move(stream)) {}

  /// Whether the record is whole in the letter, or on its stream still.
  bool Has(const Letter& letter) const;
  /// The record as it was put, but for `edits`: from its stream, else from the letter. False:
  /// neither has it, or it cannot be edited.
  bool Add(const Letter& letter, const Edits& edits, log::PutBatch& batch) const;

 private:
  /// Where it was, if that is still kept.
  std::optional<log::SequenceNumber> Place(const Letter& letter) const;

  std::shared_ptr<log::Stream> stream_;
};

}  // namespace tidemark::console
