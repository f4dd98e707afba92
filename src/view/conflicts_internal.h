// SPDX-License-Identifier: Apache-2.0
// Why a view cannot be made beside what is there. Pure functions over definitions and a store.
#pragma once

#include <string>

#include "base/result.h"
#include "store/store.h"
#include "view/definition.h"

namespace tidemark::view {

/// A measure has one type in a table: rows of a next generation cannot have another one under the
/// name that they had. kInvalidArgument.
Result<void> CheckRowTypes(const ViewDefinition& next, const ViewDefinition& before);

/// kAlreadyExists: both can make one name in one table.
Result<void> CheckNamesApart(const ViewDefinition& definition, const ViewDefinition& other);

/// kFailedPrecondition, with some of them: ownerless series have a name that `name_template` makes.
Result<void> CheckNamesUnowned(store::Store& store, const ViewDefinition& definition,
                               const std::string& name_template);

}  // namespace tidemark::view
