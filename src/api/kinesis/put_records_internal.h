// SPDX-License-Identifier: Apache-2.0
// The fast path of PutRecords: finds the strings of a well-formed body without building a tree or
// copying (ingest.md section 9). It says "not plain" for whatever needs more care (escapes, nulls,
// repeated or wrong members, bad JSON); the caller then takes the general path, which knows how to
// complain.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"

namespace tidemark::kinesis {

struct PlainRecord {
  std::string_view partition_key;
  std::string_view explicit_hash_key;  // empty: absent
  std::string_view data;               // base64, not yet checked
};

/// Views into the body. Single-owner; keep one and use it again.
struct PlainPutRecords {
  std::string_view stream_name;  // empty: absent
  std::string_view stream_arn;
  std::vector<PlainRecord> records;
};

/// Parsers that requests borrow. Thread-safe.
class PutRecordsParsers {
 public:
  PutRecordsParsers();
  ~PutRecordsParsers();
  PutRecordsParsers(const PutRecordsParsers&) = delete;
  PutRecordsParsers& operator=(const PutRecordsParsers&) = delete;

  class Parser;
  struct Destroy {
    void operator()(Parser* parser) const;
  };
  using ParserPtr = std::unique_ptr<Parser, Destroy>;
  ParserPtr Take();
  void Give(ParserPtr parser);

  /// True: `out` is what `body` says. `body` may be given more capacity, not other contents.
  static bool Parse(Parser& parser, std::string& body, PlainPutRecords& out);
  static PlainPutRecords& Scratch(Parser& parser);

 private:
  Mutex mutex_;
  std::vector<ParserPtr> idle_ TM_GUARDED_BY(mutex_);
};

}  // namespace tidemark::kinesis
