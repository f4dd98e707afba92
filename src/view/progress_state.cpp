// SPDX-License-Identifier: Apache-2.0
#include "view/progress_state_internal.h"

namespace tidemark::view {
namespace {

constexpr uint8_t kVersion = 1;
constexpr uint8_t kSeeded = 1;

}  // namespace

std::string EncodeProgressState(const ProgressState& state, const WatermarkTracker& tracker) {
  ByteWriter out;
  out.PutU8(kVersion);
  out.PutU8(state.seeded ? kSeeded : 0);
  state.replay_from.AppendTo(out);
  out.PutVarint(state.totals.windows_published);
  out.PutVarint(state.totals.revisions);
  out.PutVarint(state.totals.late_points);
  out.PutVarint(state.totals.frozen);
  out.PutVarint(state.totals.overflows);
  tracker.AppendTo(out);
  return std::move(out).Take();
}

Result<ProgressState> DecodeProgressState(std::string_view bytes, WatermarkTracker& tracker) {
  ByteReader in(bytes);
  ProgressState state;
  if (in.GetU8() != kVersion) {
    return Error{Code::kCorruption, "journaled progress of a view has an unknown version"};
  }
  state.seeded = (in.GetU8() & kSeeded) != 0;
  state.replay_from = store::Positions::Read(in);
  state.totals.windows_published = in.GetVarint();
  state.totals.revisions = in.GetVarint();
  state.totals.late_points = in.GetVarint();
  state.totals.frozen = in.GetVarint();
  state.totals.overflows = in.GetVarint();
  tracker.Read(in);
  TM_RETURN_IF_ERROR(in.Finish("journaled progress of a view"));
  return state;
}

}  // namespace tidemark::view
