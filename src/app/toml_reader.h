// SPDX-License-Identifier: Apache-2.0
// Reads TOML tables strictly: each key is asked for once, by type; Finish() refuses whatever was
// not asked for. Errors name file, line and the nearest known name. Shared by stack and
// configuration. Single-owner.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace tidemark::app {

/// One table of a parsed file. Getters return the fallback (or none) when the key is absent; the
/// first problem sticks and is what Finish() returns.
class TomlTable {
 public:
  ~TomlTable();
  TomlTable(TomlTable&&) noexcept;
  TomlTable& operator=(TomlTable&&) noexcept;

  std::string String(std::string_view key, std::string_view fallback);
  std::string RequiredString(std::string_view key);
  int64_t Integer(std::string_view key, int64_t fallback, int64_t min, int64_t max);
  bool Bool(std::string_view key, bool fallback);
  nanoseconds Duration(std::string_view key, nanoseconds fallback, nanoseconds min);
  nanoseconds RequiredDuration(std::string_view key, nanoseconds min);
  uint64_t ByteSize(std::string_view key, uint64_t fallback, uint64_t min);
  std::vector<nanoseconds> Durations(std::string_view key);
  /// A number with or without a point; none: not there.
  std::optional<double> Number(std::string_view key);
  std::vector<double> Numbers(std::string_view key);
  enum class EmptyList : uint8_t { kRefused, kAllowed };
  /// A list of strings, or one string as a list of one.
  std::vector<std::string> Strings(std::string_view key, std::vector<std::string> fallback,
                                   EmptyList empty = EmptyList::kRefused);
  bool IsList(std::string_view key) const;
  /// Of this table, sorted.
  std::vector<std::string> Keys() const;
  /// One of `names`; its index.
  size_t OneOf(std::string_view key, std::string_view fallback,
               const std::vector<std::string>& names);
  bool Has(std::string_view key) const;
  /// All keys that are asked for from here on, so that Finish() finds the nearest of them, also of
  /// those that only some tables are asked for. To ask for another one ends the program.
  void Expect(std::vector<std::string_view> keys);
  /// "a" and "t.b" of the keys that are there, tables excepted, one level deep.
  std::vector<std::string> KeyPaths() const;

  /// The tables of [[key]]; the one of [key].
  std::vector<TomlTable> Tables(std::string_view key);
  std::optional<TomlTable> Table(std::string_view key);

  /// Adds a problem at `key`'s line.
  void Problem(std::string_view key, std::string message);
  Result<void> Finish();
  /// Finishes a table inside this one; its problem becomes one of this.
  void Join(TomlTable& inner);
  /// Everything that is in it, as an object; dates as their text, what is not finite as null.
  std::string Json() const;
  /// "FILE:LINE" of the table.
  std::string Where() const;

 private:
  friend Result<TomlTable> ParseToml(std::string_view text, std::string_view file);
  struct Impl;
  explicit TomlTable(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

Result<TomlTable> ParseToml(std::string_view text, std::string_view file);

}  // namespace tidemark::app
