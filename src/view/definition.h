// SPDX-License-Identifier: Apache-2.0
// What one view is: the plain value that the rest of `view` works from, and the rules that a
// definition has to keep before it may exist. Immutable values, pure functions.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agg/aggregate.h"
#include "base/result.h"
#include "base/time.h"
#include "catalog/definitions.h"
#include "catalog/ids.h"
#include "store/store.h"
#include "store/types.h"
#include "view/calendar.h"
#include "view/range_kind.h"
#include "view/window.h"

namespace tidemark::view {

enum class Label : uint8_t { kStart, kEnd };

/// What a late point does to a window that is sealed (watermark >= end + allowed_lateness).
enum class LatePolicy : uint8_t {
  kRecompute,  // evaluates it again, always
  kFreeze,     // stays raw, is counted and logged; the published row never changes again
};

/// Of `early` and `provisional_after`: each pass evaluates what is open.
inline constexpr nanoseconds kEarlyMin = milliseconds(100);

struct ViewDefinition;

/// The view that another one reads.
struct Upstream {
  std::shared_ptr<const ViewDefinition> view;  // null: none, a table's own points

  explicit operator bool() const { return view != nullptr; }
  /// Of one view and generation.
  friend bool operator==(const Upstream& a, const Upstream& b);
};

struct ViewDefinition {
  ViewId id;
  uint32_t generation = 1;
  std::string name;
  TableId source;
  TableId target;
  Upstream upstream;        // whose rows in `source` it reads, by the start of their windows
  std::string source_name;  // "database"."table", for messages
  std::string target_name;
  std::vector<std::string> measures{"*"};  // patterns: '*' any text, '?' one byte; one has to match
  std::vector<store::ValueType> types{store::ValueType::kDouble};
  /// Patterns of columns: it reads multi-measure records, of them what matches and has one of
  /// `types`. None: single-measure records.
  std::vector<std::string> columns{};
  std::vector<agg::Aggregate> aggregates{agg::Kind::kAvg};
  std::vector<std::string> group_by{"*"};  // dimensions, or the label's name; "*": all dimensions
  catalog::LabelMapDef label_map;
  catalog::FilterDef filter;
  // One kind of window: tumbling (width), hopping (width, slide), calendar, or levels.
  nanoseconds width{0};
  nanoseconds slide{0};  // 0: tumbling
  nanoseconds offset{0};
  std::string calendar;  // as in catalog::ViewDef, with the two below
  std::string zone;
  std::string week_start = "monday";
  std::vector<ZoneRules> zone_rules;  // as CalendarGrid has them; none: what the system has
  std::vector<nanoseconds> levels;    // names of rows have {window}
  // .. or sessions (session_gap, max_session), or samples on a grid (every, offset, fill, max_gap).
  nanoseconds session_gap{0};
  nanoseconds max_session = hours(24);
  nanoseconds every{0};
  Fill fill = Fill::kLinear;
  double fill_value = 0;  // kConstant
  nanoseconds max_gap{0};
  std::string output = "{aggregate}_{measure}";
  /// One row of several columns, named by the aggregates, in place of a row for each. With
  /// `columns`: "{aggregate}_{column}"; without it such a view has a row of columns an aggregate.
  bool multi_rows = false;
  Label label = Label::kStart;  // the row's time: start or end of its window
  /// How far back the last sample before a window counts: for counters, and for twa.
  nanoseconds staleness{0};
  nanoseconds horizon{0};
  nanoseconds out_of_orderness{0};
  nanoseconds allowed_lateness{0};
  LatePolicy late = LatePolicy::kRecompute;
  /// Late points of windows that are not sealed are published together, that often; 0: at once.
  nanoseconds refresh{0};
  /// Rows of sealed windows that are evaluated again in a second (kRecompute), newest first.
  int64_t recompute_per_second = 10'000;
  std::string late_stream;  // takes points that can no longer change their row; "": none does
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
  /// The generation beside which it is built, to take its place (Maintainer::Replace()); it shares
  /// the name, and its rows are seen by nobody until then. None: it is the view of its name.
  store::Owner replaces{};

  store::Owner owner() const { return {id, generation}; }
  /// Of the series it reads.
  store::Owner reads() const { return upstream ? upstream.view->owner() : store::Owner{}; }
  /// The view at the other end of the chain, which reads a table's own points.
  const ViewDefinition& root() const { return upstream ? upstream.view->root() : *this; }
  /// How far back the views look that it reads from, all together.
  nanoseconds reach_before() const {
    return upstream ? upstream.view->reach() + upstream.view->reach_before() : nanoseconds(0);
  }
  /// How far back of a window's start `kind` looks; 0: not.
  nanoseconds CarryOf(agg::Kind kind) const;
  /// .. the aggregates look: a point changes windows that begin so much later.
  nanoseconds reach() const;
  /// Only these values count; none: all.
  std::optional<store::ValueRange> values() const;
  /// Whether a window that has a row can come to have no value: a correction moves its last point
  /// out of the filter, the rows that it read end, or the last value of a column was taken back.
  bool rows_end() const { return upstream || values().has_value() || !columns.empty(); }
  /// Sessions or samples: range_kind.h.
  bool ranged() const { return session_gap > nanoseconds(0) || every > nanoseconds(0); }
  /// Rows of one (group, window).
  size_t outputs() const { return multi_rows ? 1 : aggregates.size(); }
  /// Whether rows have columns, whose type is MULTI.
  bool rows_have_columns() const { return multi_rows || !columns.empty(); }
  /// Whether several series share a row.
  bool grouped() const { return group_by != std::vector<std::string>{"*"}; }
  friend bool operator==(const ViewDefinition&, const ViewDefinition&) = default;
};

/// The catalog's definition with its tables looked up. `retention` = memory + magnetic of the
/// source. kInvalidArgument, naming the view and the key, for texts that mean nothing or things
/// this version does not offer (group_by other than "*"). kCorruption: the rules of its zone.
struct CatalogTables {
  TableId source;
  TableId target;
  nanoseconds source_retention{0};
  Upstream upstream{};  // the view that `source` names
};
Result<ViewDefinition> FromCatalog(const catalog::ViewDef& def, const CatalogTables& tables);

/// kInvalidArgument unless there is one kind of window, bounds are not negative, every aggregate
/// exists for every type, and the output template has {measure} once, literal text besides, and
/// tells the aggregates apart.
Result<void> CheckDefinition(const ViewDefinition& definition);

/// Of a definition with `calendar`. kInvalidArgument names what is unknown of it.
Result<CalendarGrid> CalendarOf(const ViewDefinition& definition);

/// Of a definition that was checked; of sessions and samples their cells.
Windows WindowsOf(const ViewDefinition& definition);

/// None: a view of windows.
std::optional<RangeKind> RangesOf(const ViewDefinition& definition);

/// What a view that reads `upstream` may take as complete when that one's watermark is
/// `watermark`: the start of its first window that has not fired, of the levels whose rows the view
/// may read.
EventTime FrontierOver(const ViewDefinition& definition, const Windows& upstream,
                       EventTime watermark);

/// "sessions 5m apart", "every 10s, linear", "5m", "1h every 5m", "1m, 1h", "day in Europe/Berlin":
/// for people.
std::string WindowWords(const ViewDefinition& definition);

/// `output` with {aggregate} and {window} filled in: "avg_{measure}", "avg_5m_{measure}". By level,
/// one per aggregate, in their order; of multi rows one.
std::vector<std::string> NameTemplates(const ViewDefinition& definition);
/// The measure name that `name_template` makes of `measure`.
std::string MakeName(std::string_view name_template, std::string_view measure);
/// Whether some measure name could be made by both templates.
bool TemplatesOverlap(std::string_view a, std::string_view b);

}  // namespace tidemark::view
