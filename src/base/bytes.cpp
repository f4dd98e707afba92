// SPDX-License-Identifier: Apache-2.0
#include "base/bytes.h"

namespace tidemark {

Result<void> ByteReader::Finish(std::string_view what) const {
  if (AtEnd()) return {};
  std::string message(what);
  message += ok_ ? ": " + std::to_string(rest_.size()) + " bytes too many"
                 : ": ends early or is malformed";
  return Error{Code::kCorruption, std::move(message)};
}

}  // namespace tidemark
