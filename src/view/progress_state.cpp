// SPDX-License-Identifier: Apache-2.0
#include "view/progress_state_internal.h"

namespace tidemark::view {
namespace {

constexpr uint8_t kVersion = 1;
constexpr uint8_t kSeeded = 1;
constexpr uint8_t kSweeping = 2;
constexpr uint8_t kHolding = 4;
constexpr uint8_t kHistory = 8;
constexpr uint8_t kWaiting = 16;
constexpr uint8_t kPairCoarse = 1;
constexpr uint8_t kPairLateness = 2;
constexpr uint8_t kPairPartition = 4;
constexpr uint8_t kPairCorrection = 8;
constexpr uint8_t kHeldCorrection = 2 * kLevelsMax;

void AppendRanges(const std::vector<TimeRange>& ranges, ByteWriter& out) {
  out.PutVarint(ranges.size());
  for (const TimeRange& r : ranges) {
    out.PutI64(r.start.ns);
    out.PutI64(r.end.ns);
  }
}

void ReadRanges(ByteReader& in, std::vector<TimeRange>& out) {
  for (uint64_t n = in.GetVarint(); n > 0 && in.ok(); --n) {
    TimeRange& r = out.emplace_back();
    r.start = EventTime{in.GetI64()};
    r.end = EventTime{in.GetI64()};
  }
}

void AppendWaiting(const ProgressState::Waiting& waiting, ByteWriter& out) {
  out.PutVarint(waiting.pairs.size());
  for (const ProgressState::WaitingPair& pair : waiting.pairs) {
    out.PutU64(pair.series.hi);
    out.PutU64(pair.series.lo);
    out.PutI64(pair.window.start.ns);
    out.PutU8(pair.window.level);
    out.PutVarint(pair.late_points);
    out.PutU8(static_cast<uint8_t>(
        (pair.coarse ? kPairCoarse : 0) | (pair.lateness ? kPairLateness : 0) |
        (pair.partition ? kPairPartition : 0) | (pair.correction ? kPairCorrection : 0)));
    if (pair.lateness) out.PutI64(pair.lateness->count());
    if (pair.partition) pair.partition->AppendTo(out);
  }
  AppendRanges(waiting.ranges, out);
}

void ReadWaiting(ByteReader& in, ProgressState::Waiting& waiting) {
  for (uint64_t n = in.GetVarint(); n > 0 && in.ok(); --n) {
    ProgressState::WaitingPair& pair = waiting.pairs.emplace_back();
    pair.series.hi = in.GetU64();
    pair.series.lo = in.GetU64();
    pair.window.start = EventTime{in.GetI64()};
    pair.window.level = in.GetU8();
    if (pair.window.level >= kLevelsMax) in.Fail();
    pair.late_points = in.GetVarint();
    const uint8_t how = in.GetU8();
    pair.coarse = (how & kPairCoarse) != 0;
    pair.correction = (how & kPairCorrection) != 0;
    if ((how & kPairLateness) != 0) pair.lateness = nanoseconds(in.GetI64());
    if ((how & kPairPartition) != 0) pair.partition = store::SourcePartition::Read(in);
  }
  ReadRanges(in, waiting.ranges);
}

void AppendHeld(const ProgressState& state, ByteWriter& out) {
  out.PutVarint(state.held.size());
  for (const ProgressState::Held& h : state.held) {
    out.PutU64(h.series.hi);
    out.PutU64(h.series.lo);
    out.PutI64(h.window.start.ns);
    out.PutU8(static_cast<uint8_t>((h.coarse ? 1 : 0) + 2 * h.window.level +
                                   (h.correction ? kHeldCorrection : 0)));
    out.PutVarint(h.late_points);
  }
  AppendRanges(state.held_ranges, out);
}

void ReadHeld(ByteReader& in, ProgressState& state) {
  for (uint64_t n = in.GetVarint(); n > 0 && in.ok(); --n) {
    ProgressState::Held& h = state.held.emplace_back();
    h.series.hi = in.GetU64();
    h.series.lo = in.GetU64();
    h.window.start = EventTime{in.GetI64()};
    const uint8_t how = in.GetU8();
    h.coarse = how % 2 != 0;
    h.window.level = (how / 2) % kLevelsMax;
    h.correction = (how & kHeldCorrection) != 0;
    if (how >= 2 * kHeldCorrection) in.Fail();
    h.late_points = in.GetVarint();
  }
  ReadRanges(in, state.held_ranges);
}

}  // namespace

std::string EncodeProgressState(const ProgressState& state, const WatermarkTracker& tracker) {
  ByteWriter out;
  out.PutU8(kVersion);
  const bool holding = !state.held.empty() || !state.held_ranges.empty();
  out.PutU8(static_cast<uint8_t>((state.seeded ? kSeeded : 0) | (state.sweep_to ? kSweeping : 0) |
                                 (holding ? kHolding : 0) | (state.waiting.empty() ? 0 : kWaiting) |
                                 (state.history.empty() ? 0 : kHistory)));
  state.replay_from.AppendTo(out);
  out.PutVarint(state.totals.windows_published);
  out.PutVarint(state.totals.revisions);
  out.PutVarint(state.totals.late_points);
  out.PutVarint(state.totals.frozen);
  out.PutVarint(state.totals.overflows);
  if (state.sweep_to) out.PutI64(state.sweep_to->ns);
  tracker.AppendTo(out);
  if (holding) AppendHeld(state, out);
  if (!state.waiting.empty()) AppendWaiting(state.waiting, out);
  if (!state.history.empty()) state.history.AppendTo(out);
  return std::move(out).Take();
}

Result<ProgressState> DecodeProgressState(std::string_view bytes, WatermarkTracker& tracker) {
  ByteReader in(bytes);
  ProgressState state;
  if (in.GetU8() != kVersion) {
    return Error{Code::kCorruption, "journaled progress of a view has an unknown version"};
  }
  const uint8_t flags = in.GetU8();
  state.seeded = (flags & kSeeded) != 0;
  state.replay_from = store::Positions::Read(in);
  state.totals.windows_published = in.GetVarint();
  state.totals.revisions = in.GetVarint();
  state.totals.late_points = in.GetVarint();
  state.totals.frozen = in.GetVarint();
  state.totals.overflows = in.GetVarint();
  if ((flags & kSweeping) != 0) state.sweep_to = EventTime{in.GetI64()};
  tracker.Read(in);
  if ((flags & kHolding) != 0) ReadHeld(in, state);
  if ((flags & kWaiting) != 0) ReadWaiting(in, state.waiting);
  if ((flags & kHistory) != 0) state.history.Read(in);
  TM_RETURN_IF_ERROR(in.Finish("journaled progress of a view"));
  return state;
}

}  // namespace tidemark::view
