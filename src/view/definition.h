// SPDX-License-Identifier: Apache-2.0
// What one view is: the plain value that the rest of `view` works from, and the rules that a
// definition has to keep before it may exist. Immutable values, pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agg/aggregate.h"
#include "base/result.h"
#include "base/time.h"
#include "catalog/definitions.h"
#include "catalog/ids.h"
#include "store/types.h"

namespace tidemark::view {

enum class Label : uint8_t { kStart, kEnd };

/// What a late point does to a window that is sealed (watermark >= end + allowed_lateness).
enum class LatePolicy : uint8_t {
  kRecompute,  // evaluates it again, always
  kFreeze,     // stays raw, is counted and logged; the published row never changes again
};

/// Of `early` and `provisional_after`: each pass evaluates what is open.
inline constexpr nanoseconds kEarlyMin = milliseconds(100);

struct ViewDefinition {
  ViewId id;
  uint32_t generation = 1;
  std::string name;
  TableId source;
  TableId target;
  std::string source_name;  // "database"."table", for messages
  std::string target_name;
  std::vector<std::string> measures{"*"};  // patterns: '*' any text, '?' one byte; one has to match
  std::vector<store::ValueType> types{store::ValueType::kDouble};
  std::vector<agg::Aggregate> aggregates{agg::Kind::kAvg};
  nanoseconds width{0};
  nanoseconds offset{0};
  std::string output = "{aggregate}_{measure}";
  Label label = Label::kStart;  // the row's time: start or end of its window
  nanoseconds out_of_orderness{0};
  nanoseconds allowed_lateness{0};
  LatePolicy late = LatePolicy::kRecompute;
  /// Rows of windows that have not fired are written before their time, as preliminary ones
  /// (RowInfo::revision 0, no entry in the log): every `early`, and once after
  /// `provisional_after` without points. 0: not. Both in processing time.
  nanoseconds early{0};
  nanoseconds provisional_after{0};
  /// How long raw points of the source are kept; windows that reach further back are never
  /// evaluated. 0: for ever.
  nanoseconds source_retention{0};
  bool adopt = false;   // take over ownerless series of reserved names when the view is created
  bool running = true;  // the wished state
  bool paused = false;  // begins paused: Maintainer::Pause() before a restart

  store::Owner owner() const { return {id, generation}; }
  friend bool operator==(const ViewDefinition&, const ViewDefinition&) = default;
};

/// The catalog's definition with its tables looked up. `retention` = memory + magnetic of the
/// source. kInvalidArgument, naming the view and the key, for texts that mean nothing or things
/// this version does not offer (group_by other than "*").
struct CatalogTables {
  TableId source;
  TableId target;
  nanoseconds source_retention{0};
};
Result<ViewDefinition> FromCatalog(const catalog::ViewDef& def, const CatalogTables& tables);

/// kInvalidArgument unless width > 0, bounds are not negative, every aggregate exists for every
/// type, and the output template has {measure} once, literal text besides, and tells the aggregates
/// apart.
Result<void> CheckDefinition(const ViewDefinition& definition);

/// `output` with {aggregate} filled in: "avg_{measure}". One per aggregate, in their order.
std::vector<std::string> NameTemplates(const ViewDefinition& definition);
/// The measure name that `name_template` makes of `measure`.
std::string MakeName(std::string_view name_template, std::string_view measure);
/// Whether some measure name could be made by both templates.
bool TemplatesOverlap(std::string_view a, std::string_view b);
/// '*' matches any text, '?' one byte.
bool MatchesGlob(std::string_view pattern, std::string_view text);

}  // namespace tidemark::view
