// SPDX-License-Identifier: Apache-2.0
// Where in a stack's text a refusal points: editors show it there. Pure functions.
#pragma once

#include <string_view>

#include "api/console/admin.h"
#include "base/result.h"

namespace tidemark::app {

/// `error` came of `text`, which messages call `file`: ParseStack()'s, or a refusal of one of its
/// views. The place is taken out of the message where it is one; the field is the key of [[view]]
/// that the message names, or the one on its line.
console::StackProblem LocateProblem(std::string_view text, std::string_view file,
                                    const Error& error);

}  // namespace tidemark::app
