// SPDX-License-Identifier: Apache-2.0
// What a pipeline makes of a decoded record before it becomes a point: filter, rename, set, scale,
// in this order. The filter sees the record as it came; `set` and `scale` know the new names. The
// record's clock was taken before any of it (event-time.md 2.1).
//
// Everything but value filter and scale depends on neither value nor time, so that the skeleton
// cache learns the outcome with the series. Immutable.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/definitions.h"
#include "pipeline/dead_letter.h"
#include "pipeline/json_record.h"
#include "store/types.h"

namespace tidemark::pipeline {

/// A record's series and what its values are multiplied with. Reused from record to record; valid
/// as long as the record it was made of.
struct ShapedRecord {
  std::string_view measure;
  store::ValueType type = store::ValueType::kDouble;
  std::vector<store::DimensionView> dimensions;
  std::optional<double> factor;
  std::deque<std::string> texts;  // owns what `set` made
};

class RecordRules {
 public:
  /// kInvalidArgument names the key: a template that is none, a name that cannot be, `set` of the
  /// value or the time.
  static Result<RecordRules> Make(const catalog::MappingDef& mapping, catalog::RulesDef rules);

  /// Nothing of it does anything.
  bool empty() const;
  /// Fields that `set` reads: the parser keeps their texts.
  const std::vector<std::string>& fields() const { return fields_; }

  enum class Verdict : uint8_t { kPasses, kFiltered, kDead };
  /// kDead: `dead` says why (its `record` is left alone).
  Verdict Shape(const JsonRecord& record, ShapedRecord& out, DeadLetter& dead) const;
  bool PassesValue(const store::ValueView& value) const;
  /// The value of a record that was shaped; none: it no longer fits its type.
  static std::optional<store::ValueView> Scaled(const store::ValueView& value,
                                                std::optional<double> factor);

 private:
  struct Piece {
    std::string text;
    bool is_field = false;
  };
  struct Setting {
    std::string dimension;
    std::vector<Piece> pieces;
  };

  RecordRules(const catalog::MappingDef& mapping, catalog::RulesDef rules)
      : mapping_(mapping), rules_(std::move(rules)) {}
  Result<void> Prepare();
  Result<void> ReadTemplate(const std::string& text, Setting& out);
  std::string_view Renamed(std::string_view name) const;
  bool PassesTexts(const JsonRecord& record) const;
  bool Set(const Setting& setting, const JsonRecord& record, ShapedRecord& out,
           DeadLetter& dead) const;
  std::optional<std::string_view> TextOf(const JsonRecord& record, const ShapedRecord& shaped,
                                         std::string_view field) const;

  catalog::MappingDef mapping_;
  catalog::RulesDef rules_;
  std::vector<Setting> settings_;
  std::vector<std::string> fields_;
};

}  // namespace tidemark::pipeline
