// SPDX-License-Identifier: Apache-2.0
// The body of /readyz: "ok", then a line for whatever the server serves without.
#pragma once

#include <string>

#include "catalog/catalog.h"
#include "store/admin.h"

namespace tidemark::app {

/// "ok\n", then "degraded: FILE table=DATABASE.TABLE from TIME to TIME (not accepted)\n" for each
/// table of each damaged file, and "warning: ...\n" while retention does not follow the wall clock.
std::string ReadinessText(store::Admin& store, const catalog::Catalog& catalog);

}  // namespace tidemark::app
