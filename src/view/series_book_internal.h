// SPDX-License-Identifier: Apache-2.0
// The series one view reads and the ones it writes: numbers them, decides once per series whether
// the view reads it and to which group it belongs, and finds the target series when a window is
// first evaluated. A group is all source series that share a row: of one measure, one type and
// equal values of the dimensions in `group_by`; with "*" each series is its own. Single-owner.
#pragma once

#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "store/store.h"
#include "view/definition.h"
#include "view/marks_internal.h"

namespace tidemark::view {

using GroupIndex = uint32_t;

class SeriesBook {
 public:
  /// Both must outlive the book.
  SeriesBook(store::Store& store, const ViewDefinition& definition);

  /// The series' number, a new one at first sight, or kForeign: another table, an owned series, a
  /// name that the view itself makes, a measure, type or dimension it does not read.
  SeriesIndex Find(store::SeriesRef ref) {
    const SeriesIndex index = directory_.Find(ref);
    return index == SeriesDirectory::kUnknown ? Register(ref) : index;
  }
  size_t size() const { return tracked_.size(); }
  /// Whether records of that name are read, as far as the name tells.
  bool ReadsMeasure(std::string_view measure) const;
  store::SeriesRef source(SeriesIndex i) const { return tracked_[i].ref; }
  store::ValueType type(SeriesIndex i) const { return groups_[tracked_[i].group].type; }

  /// Whether groups can have several series.
  bool grouped() const { return definition_.grouped(); }
  GroupIndex group(SeriesIndex i) const { return tracked_[i].group; }
  /// Place among the members of its group: they are numbered as they are met.
  uint32_t member(SeriesIndex i) const { return tracked_[i].member; }
  /// The first series of a group, which stands for it where one has to.
  SeriesIndex first(GroupIndex g) const { return groups_[g].first; }
  /// All series that share the row of `i`.
  std::span<const SeriesIndex> RowMembers(const SeriesIndex& i) const {
    return grouped() ? members(group(i)) : std::span(&i, 1);
  }
  /// Empty unless grouped().
  std::span<const SeriesIndex> members(GroupIndex g) const { return groups_[g].members; }

  /// Finds or makes the target series of every one in `series`, in one request.
  Result<void> ResolveTargets(std::span<const SeriesIndex> series);
  /// Rows of a pair: one for each aggregate, or one of several columns.
  size_t outputs() const { return definition_.outputs(); }
  /// After ResolveTargets(): null when the store refuses the series (a limit of the table).
  const store::SeriesRef* target(SeriesIndex i, uint8_t level, size_t output) const {
    const Target& t = targets_[tracked_[i].group * templates_.size() + level * outputs() + output];
    return t.state == Target::State::kKnown ? &t.ref : nullptr;
  }
  /// Measure name of the target.
  const std::string& target_name(SeriesIndex i, uint8_t level, size_t output) const {
    return names_[groups_[tracked_[i].group].measure * templates_.size() + level * outputs() +
                  output];
  }

  /// Measure names of all targets so far, sorted.
  std::vector<std::string> TargetNames() const;

 private:
  struct Tracked {
    store::SeriesRef ref;
    GroupIndex group = 0;
    uint32_t member = 0;
  };
  struct Group {
    store::ValueType type = store::ValueType::kDouble;
    uint32_t measure = 0;
    SeriesIndex first = 0;
    std::vector<SeriesIndex> members;
  };
  struct Target {
    enum class State : uint8_t { kUnresolved, kKnown, kRefused } state = State::kUnresolved;
    store::SeriesRef ref;
  };

  SeriesIndex Register(store::SeriesRef ref);
  bool Reads(const store::SeriesInfo& info) const;
  GroupIndex GroupOf(const store::SeriesInfo& info);
  uint32_t MeasureOf(const std::string& measure);
  /// Of the rows of a series' group.
  std::vector<store::Dimension> DimensionsOf(const store::SeriesInfo& info) const;

  store::Store& store_;
  const ViewDefinition& definition_;
  const std::vector<std::string> templates_;  // level x output
  SeriesDirectory directory_;
  std::vector<Tracked> tracked_;
  std::vector<Group> groups_;
  std::unordered_map<std::string, GroupIndex> group_of_;  // by what members share
  std::vector<Target> targets_;                           // group x template
  std::unordered_map<std::string, uint32_t> measures_;    // source names
  std::vector<std::string> names_;                        // measure x template: target names
};

}  // namespace tidemark::view
