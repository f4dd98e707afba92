// SPDX-License-Identifier: Apache-2.0
// What a row of a view holds: one value; one by aggregate (rows = "multi"); or, of multi-measure
// records, one by column, or by both. Pure functions.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "store/store.h"
#include "view/definition.h"

namespace tidemark::view {

class SeriesBook;

/// By aggregate, then by column that is read, null where there is none. Of a row an aggregate only
/// its own.
using RowValues = std::vector<store::Scalar>;
using RowValuesView = std::span<const store::Scalar>;

/// Of a view's rows; of one that reads multi-measure records as far as their columns are known. Not
/// thread-safe.
class RowShape {
 public:
  /// `definition` must outlive it.
  explicit RowShape(const ViewDefinition& definition);

  /// Looks for columns of multi-measure records that the view reads and that it does not know yet;
  /// whether there were any. `book` is of the same view.
  Result<bool> Learn(store::Store& store, const SeriesBook& book);
  /// The columns that are read, by name; empty: single values.
  std::span<const store::FieldDef> fields() const { return fields_; }
  /// Values for each aggregate: one, or one for each of those columns, none as long as none is
  /// known.
  size_t per_aggregate() const { return definition_.columns.empty() ? 1 : fields_.size(); }
  /// Of all of a pair's rows.
  size_t values() const { return definition_.aggregates.size() * per_aggregate(); }
  /// The columns of a row, in the order of its values; empty: it has one value without a name.
  std::span<const std::string> names() const { return names_; }
  /// Whether a row has columns.
  bool named() const { return definition_.rows_have_columns(); }
  /// A column without a value is null in the log; else it is left out there, as other series have
  /// it.
  bool logs_nulls() const { return definition_.columns.empty(); }

 private:
  bool Learn(const store::FieldDef& field);
  void Name();

  const ViewDefinition& definition_;
  std::vector<store::FieldDef> fields_;
  std::vector<std::string> names_;
};

/// There is no row: it ended, or never was.
bool NoValue(RowValuesView values);
/// 0.0 and -0.0 differ, equal NaNs do not.
bool SameBits(RowValuesView a, RowValuesView b);
/// Of point `i` of a slice of rows.
RowValues ReadRowValues(const RowShape& shape, const store::Slice& slice, size_t i);
/// As the revision log has it: of several columns their JSON, null if there is no row.
store::Scalar LoggedValue(const RowShape& shape, RowValuesView values);

/// The same of any view's row, by the columns that it has.
store::Scalar LoggedRow(const store::Slice& slice, size_t i);

}  // namespace tidemark::view
