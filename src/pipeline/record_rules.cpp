// SPDX-License-Identifier: Apache-2.0
#include "pipeline/record_rules.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/glob.h"

namespace tidemark::pipeline {
namespace {

Error Wrong(std::string_view key, std::string_view what) {
  return {Code::kInvalidArgument, "key \"" + std::string(key) + "\": " + std::string(what)};
}

const std::string* ValueOf(const std::vector<std::pair<std::string, std::string>>& pairs,
                           std::string_view name) {
  const auto found = std::ranges::find(pairs, name, [](const auto& p) { return p.first; });
  return found == pairs.end() ? nullptr : &found->second;
}

bool Fail(DeadLetter& dead, DeadReason reason, std::string_view field, std::string message) {
  dead.reason = reason;
  dead.field = field;
  dead.message = std::move(message);
  return false;
}

bool Matches(const catalog::FilterDef::Text& wanted, std::string_view text) {
  if (wanted.glob) return MatchesGlob(wanted.values.front(), text);
  return std::ranges::find(wanted.values, text) != wanted.values.end();
}

}  // namespace

Result<RecordRules> RecordRules::Make(const catalog::MappingDef& mapping, catalog::RulesDef rules) {
  RecordRules out(mapping, std::move(rules));
  TM_RETURN_IF_ERROR(out.Prepare());
  return out;
}

bool RecordRules::empty() const {
  return rules_.filter.empty() && rules_.rename.empty() && rules_.set.empty() &&
         rules_.scale.empty();
}

Result<void> RecordRules::Prepare() {
  const catalog::FilterDef& filter = rules_.filter;
  for (const auto& text : filter.texts) {
    if (text.values.empty() || (text.glob && text.values.size() != 1)) {
      return Wrong("filter", "\"" + text.name + "\" wants a pattern or a list of texts");
    }
  }
  if (filter.value_min && filter.value_max && *filter.value_max < *filter.value_min) {
    return Wrong("filter", "value_max is below value_min: nothing would pass");
  }
  std::set<std::string_view> targets;
  for (const auto& [from, to] : rules_.rename) {
    if (from.empty() || to.empty() || IsSystemName(to) || to.size() > kMeasureNameBytesMax) {
      return Wrong("rename", "\"" + from + "\" cannot be called \"" + to + "\"");
    }
    if (!targets.insert(to).second) return Wrong("rename", "two become \"" + to + "\"");
  }
  for (const auto& [dimension, text] : rules_.set) {
    if (dimension.empty() || dimension.size() > kDimensionNameBytesMax || IsSystemName(dimension)) {
      return Wrong("set", "\"" + dimension + "\" cannot be the name of a dimension");
    }
    Setting& setting = settings_.emplace_back();
    setting.dimension = dimension;
    TM_RETURN_IF_ERROR(ReadTemplate(text, setting));
  }
  for (const auto& [measure, factor] : rules_.scale) {
    if (!std::isfinite(factor)) return Wrong("scale", "\"" + measure + "\" wants a finite number");
  }
  return {};
}

Result<void> RecordRules::ReadTemplate(const std::string& text, Setting& out) {
  const auto wrong = [&](std::string_view why) {
    return Wrong("set", "\"" + out.dimension + "\" = \"" + text + "\": " + std::string(why));
  };
  if (text.empty()) return wrong("a dimension may not be empty");
  for (size_t at = 0; at < text.size();) {
    const size_t brace = text.find_first_of("{}", at);
    if (brace > at) out.pieces.push_back({text.substr(at, brace - at), false});
    if (brace == std::string::npos) break;
    const size_t end = text.find('}', brace);
    if (text[brace] == '}' || end == std::string::npos) return wrong("a brace has no other");
    const std::string field = text.substr(brace + 1, end - brace - 1);
    if (field.empty() || field.find('{') != std::string::npos) return wrong("{} names no field");
    if (field == mapping_.measure_value || field == mapping_.time) {
      return wrong("value and time are not the same for a series: they cannot name it");
    }
    out.pieces.push_back({field, true});
    if (std::ranges::find(fields_, field) == fields_.end()) fields_.push_back(field);
    at = end + 1;
  }
  return {};
}

std::string_view RecordRules::Renamed(std::string_view name) const {
  const std::string* to = ValueOf(rules_.rename, name);
  return to == nullptr ? name : *to;
}

bool RecordRules::PassesTexts(const JsonRecord& record) const {
  return std::ranges::all_of(rules_.filter.texts, [&](const auto& wanted) {
    const auto found =
        std::ranges::find(record.dimensions, wanted.name, &store::DimensionView::name);
    if (found != record.dimensions.end()) return Matches(wanted, found->value);
    // A series without the dimension never matches, as in SQL.
    return (wanted.name == "measure_name" || wanted.name == "measure") &&
           Matches(wanted, record.measure);
  });
}

bool RecordRules::PassesValue(const store::ValueView& value) const {
  const auto& [texts, min, max] = rules_.filter;
  if (!min && !max) return true;
  double number = 0;
  if (value.type() == store::ValueType::kDouble) {
    number = value.as_double();
  } else if (value.type() == store::ValueType::kBigint) {
    number = static_cast<double>(value.as_bigint());
  } else {
    return false;
  }
  return (!min || number >= *min) && (!max || number <= *max);
}

std::optional<std::string_view> RecordRules::TextOf(const JsonRecord& record,
                                                    const ShapedRecord& shaped,
                                                    std::string_view field) const {
  for (const auto* list : {&record.fields, &record.dimensions, &shaped.dimensions}) {
    const auto found = std::ranges::find(*list, field, &store::DimensionView::name);
    if (found != list->end()) return found->value;
  }
  if (field == mapping_.measure_name) return record.measure;
  return std::nullopt;
}

bool RecordRules::Set(const Setting& setting, const JsonRecord& record, ShapedRecord& out,
                      DeadLetter& dead) const {
  std::string text;
  for (const Piece& piece : setting.pieces) {
    if (!piece.is_field) {
      text += piece.text;
      continue;
    }
    const auto field = TextOf(record, out, piece.text);
    if (!field) {
      return Fail(
          dead, DeadReason::kSchema, piece.text,
          "the field is missing, which the dimension \"" + setting.dimension + "\" is made of");
    }
    text += *field;
  }
  if (text.size() > kDimensionValueBytesMax) {
    return Fail(dead, DeadReason::kSchema, setting.dimension,
                "a dimension's value has at most 2048 bytes");
  }
  const std::string& kept = out.texts.emplace_back(std::move(text));
  const auto found =
      std::ranges::find(out.dimensions, setting.dimension, &store::DimensionView::name);
  if (found != out.dimensions.end()) {
    found->value = kept;
  } else {
    out.dimensions.push_back({setting.dimension, kept});
  }
  return true;
}

RecordRules::Verdict RecordRules::Shape(const JsonRecord& record, ShapedRecord& out,
                                        DeadLetter& dead) const {
  out.measure = record.measure;
  out.type = record.type;
  out.dimensions.assign(record.dimensions.begin(), record.dimensions.end());
  out.factor.reset();
  out.texts.clear();
  if (!PassesTexts(record)) return Verdict::kFiltered;
  if (!rules_.rename.empty()) {
    out.measure = Renamed(out.measure);
    std::set<std::string_view> names;
    for (auto& [name, value] : out.dimensions) {
      const std::string_view before = name;
      name = Renamed(name);
      if (name.size() > kDimensionNameBytesMax || !names.insert(name).second) {
        Fail(dead, DeadReason::kSchema, before,
             "it cannot be renamed: there is another \"" + std::string(name) +
                 "\", or it is longer than 60 bytes");
        return Verdict::kDead;
      }
    }
  }
  for (const Setting& setting : settings_) {
    if (!Set(setting, record, out, dead)) return Verdict::kDead;
  }
  if (out.dimensions.size() > kDimensionsMax) {
    Fail(dead, DeadReason::kSchema, "", "a record has at most 128 dimensions");
    return Verdict::kDead;
  }
  if (out.type != store::ValueType::kDouble && out.type != store::ValueType::kBigint) {
    return Verdict::kPasses;
  }
  const auto scale =
      std::ranges::find(rules_.scale, out.measure, [](const auto& p) { return p.first; });
  if (scale != rules_.scale.end()) {
    out.factor = scale->second;
    if (std::trunc(*out.factor) != *out.factor) out.type = store::ValueType::kDouble;
  }
  return Verdict::kPasses;
}

std::optional<store::ValueView> RecordRules::Scaled(const store::ValueView& value,
                                                    std::optional<double> factor) {
  if (!factor) return value;
  if (value.type() == store::ValueType::kBigint && std::trunc(*factor) == *factor) {
    // Whole numbers stay whole, and exact.
    int64_t product = 0;
    if (std::abs(*factor) >= 0x1p63 ||
        __builtin_mul_overflow(value.as_bigint(), static_cast<int64_t>(*factor), &product)) {
      return std::nullopt;
    }
    return store::ValueView::Bigint(product);
  }
  const double number = value.type() == store::ValueType::kBigint
                            ? static_cast<double>(value.as_bigint())
                            : value.as_double();
  const double product = number * *factor;
  if (!std::isfinite(product)) return std::nullopt;
  return store::ValueView::Double(product);
}

}  // namespace tidemark::pipeline
